import { html } from "hono/html";
import type { Letter } from "./letter.ts";

/** Said at the end of every mail. */
const footer = "Sent by Courtside. Replies to this address may not be read.";

/** A letter as plain text, for whoever reads mail without HTML. */
export const toText = ({ heading, paragraphs, details, quote, action, closing }: Letter): string =>
  [
    heading,
    ...paragraphs,
    details.map(({ label, value }) => `${`${label}:`.padEnd(10)} ${value}`).join("\n"),
    ...(quote ? [`${quote.by}:\n${quote.text.replaceAll(/^/gm, "> ")}`] : []),
    ...(action ? [`${action.label}:\n${action.url}`] : []),
    ...(closing === undefined ? [] : [closing]),
    `-- \n${footer}`,
  ].join("\n\n");

const font = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

/** Colours for who reads in the dark, where the mail program lets a mail say so; the inline ones are for all others. */
const darkStyle = `
      :root { color-scheme: light dark; supported-color-schemes: light dark; }
      @media (prefers-color-scheme: dark) {
        .page { background: #101519 !important; }
        .card { background: #1a2127 !important; border-color: #2f9e68 #313b43 #313b43 !important; }
        .ink, .ink a { color: #eef2f4 !important; }
        .faint { color: #a9b5bd !important; }
        .quote { border-color: #4a8f6d !important; background: #202a30 !important; }
        .button { background: #2f9e68 !important; }
      }`;

/** A letter as HTML: tables and inline styles, no image, nothing fetched. All that people typed is escaped. */
export const toHtml = ({ subject, heading, paragraphs, details, quote, action, closing }: Letter): string => {
  const rows = details.map(
    ({ label, value, url }) => html`
            <tr>
              <th scope="row" class="faint" style="padding:6px 16px 6px 0;text-align:left;vertical-align:top;font-weight:normal;color:#5b6870;white-space:nowrap">${label}</th>
              <td class="ink" style="padding:6px 0;vertical-align:top;color:#16202a;word-break:break-word">${url === undefined ? value : html`<a href="${url}" style="color:#1c6e49">${value}</a>`}</td>
            </tr>`,
  );
  const page = html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="supported-color-schemes" content="light dark">
    <title>${subject}</title>
    <style>${darkStyle}
    </style>
  </head>
  <body class="page" style="margin:0;padding:0;background:#eef2f0">
    <div style="display:none;max-height:0;overflow:hidden">${paragraphs[0]}</div>
    <table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" style="background:#eef2f0">
      <tr>
        <td align="center" style="padding:32px 12px">
          <table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px;background:#ffffff;border:1px solid #d9e1dd;border-top:4px solid #1f7a52;border-radius:10px">
            <tr>
              <td style="padding:28px 28px 24px;${font};font-size:16px;line-height:1.5">
                <h1 class="ink" style="margin:0 0 12px;font-size:22px;line-height:1.3;color:#16202a">${heading}</h1>
                ${paragraphs.map((paragraph) => html`<p class="ink" style="margin:0 0 12px;color:#16202a">${paragraph}</p>`)}
                <table cellpadding="0" cellspacing="0" style="margin:12px 0 4px;border-collapse:collapse;font-size:15px">${rows}
                </table>
                ${quote ? html`<p class="faint" style="margin:16px 0 4px;color:#5b6870;font-size:14px">${quote.by}:</p><blockquote class="quote ink" style="margin:0 0 8px;padding:10px 14px;border-left:3px solid #1f7a52;background:#f4f7f5;color:#16202a;white-space:pre-line">${quote.text}</blockquote>` : ""}
                ${action ? html`<p style="margin:20px 0 8px"><a class="button" href="${action.url}" style="display:inline-block;padding:12px 22px;border-radius:8px;background:#1f7a52;color:#ffffff;font-weight:600;text-decoration:none">${action.label}</a></p>` : ""}
                ${closing === undefined ? "" : html`<p class="faint" style="margin:12px 0 0;color:#5b6870;font-size:14px">${closing}</p>`}
              </td>
            </tr>
          </table>
          <p class="faint" style="margin:16px 0 0;max-width:560px;${font};font-size:12px;line-height:1.5;color:#5b6870">${footer}</p>
        </td>
      </tr>
    </table>
  </body>
</html>
`;
  // No part of it is awaited, so it is no promise; trimmed, it is a plain string.
  return (page as string).trim();
};

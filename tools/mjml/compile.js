// Reads a JSON list of MJML documents, writes the list of their HTML.
import { readFileSync } from "node:fs";
import mjml2html from "mjml";

const html = [];
for (const document of JSON.parse(readFileSync(0, "utf8"))) {
  html.push((await mjml2html(document, { validationLevel: "soft" })).html);
}
process.stdout.write(JSON.stringify(html));

// Reads a JSON list of paths of .eml files; writes what mailparser reads in each, and what
// html-validate and doiuse-email object to.
import { readFileSync } from "node:fs";
import { doIUseEmail } from "doiuse-email";
import { HtmlValidate } from "html-validate";
import { simpleParser } from "mailparser";

// Rules about style rather than right and wrong, and rules that mail cannot keep:
const off = [
  "attr-quotes", "doctype-style", "long-title", "no-trailing-whitespace", "void-style",
  "no-inline-style", // what mail programs show is written on the element
  "no-deprecated-attr", // width, align and bgcolor are what Outlook goes by
  "no-redundant-role", "prefer-native-element", // roles that Outlook.com and Gmail keep
  "no-conditional-comment", "no-implicit-button-type", "wcag/h32",
  "tel-non-breaking", "no-raw-characters", "attribute-boolean-style", "valid-autocomplete",
];
const validator = new HtmlValidate({
  extends: ["html-validate:standard", "html-validate:a11y"],
  rules: Object.fromEntries(off.map((rule) => [rule, "off"])),
});
const clients = [
  "gmail.*", "apple-mail.*", "outlook.windows", "outlook.macos", "outlook.outlook-com", "outlook.ios",
  "outlook.android", "yahoo.*", "samsung-email.android",
];

const mails = [];
for (const path of JSON.parse(readFileSync(0, "utf8"))) {
  const mail = await simpleParser(readFileSync(path), { skipHtmlToText: true, skipTextToHtml: true });
  const report = await validator.validateString(mail.html);
  mails.push({
    subject: mail.subject,
    from: mail.from.text,
    to: mail.to.text,
    text: mail.text,
    html: mail.html,
    attachments: mail.attachments.length,
    "html-validate": report.results.flatMap((result) =>
      result.messages.map((message) => `${message.ruleId}: ${message.message}`)),
    "doiuse-email": doIUseEmail(mail.html, { emailClients: clients }).errors ?? [],
  });
}
process.stdout.write(JSON.stringify(mails));

// The same mail made by Handlebars and nodemailer's MailComposer: rates as JSON.
const fs = require("fs");
const Handlebars = require("handlebars");
const MailComposer = require("nodemailer/lib/mail-composer");

const work = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const templates = work.templates.map((t) => ({
  subject: Handlebars.compile(t.subject, { noEscape: true }),
  text: Handlebars.compile(t.text, { noEscape: true }),
  html: Handlebars.compile(t.html),
}));

function make(person) {
  const template = templates[person.template];
  return new MailComposer({
    from: work.sender,
    to: person.email,
    subject: template.subject(person.values),
    text: template.text(person.values),
    html: template.html(person.values),
    headers: { "List-Unsubscribe": `<${person.unsubscribe}>` },
  }).compile().build();
}

async function main() {
  const rates = [];
  await make(work.people[0]);
  for (let round = 0; round < work.rounds; round++) {
    const began = process.cpuUsage();
    for (const person of work.people) {
      if ((await make(person)).length < 10000) throw new Error("too short");
    }
    const used = process.cpuUsage(began);
    rates.push(work.people.length / ((used.user + used.system) / 1e6));
  }
  console.log(JSON.stringify({ rates: { "nodemailer and Handlebars": rates } }));
}

main();

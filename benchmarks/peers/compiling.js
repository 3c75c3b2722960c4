// The reference MJML and juice: milliseconds of CPU time as JSON.
const fs = require("fs");
const mjml2html = require("mjml");
const juice = require("juice");

const work = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));

async function main() {
  const took = [];
  for (let round = 0; round <= work.rounds; round++) {
    const began = process.cpuUsage();
    const made = await mjml2html(work.mjml, { validationLevel: "skip" });
    juice(made.html, { resolveCSSVariables: false });
    const used = process.cpuUsage(began);
    took.push((used.user + used.system) / 1e3);
  }
  console.log(JSON.stringify({ times: { "MJML and juice on Node": took.slice(1) } }));
}

main();

// An app that fails before it begins: `node faulty.ts exit <code>`, `node faulty.ts never`.

const [what, code] = process.argv.slice(2)
console.log(`this app will ${what}`)
if (what === 'exit') process.exit(Number(code))
// Stays alive, and never creates its application.
setInterval(() => undefined, 60_000)

// Runs the cells of a Node.js that stays; `driven_process.py` says how the two talk.
//
// V8 evaluates a cell as the console of a browser does: `const` and `let` may be declared again, and `await` stands at
// top level. A loop is interrupted by the watchdog of `vm`. What a cell awaits cannot be interrupted: SIGINT ends us.
// The watchdog may strike inside of a stream, which is then stuck: so output has streams that write at once, and is
// given new ones after an interrupt.
"use strict";

const { Console } = require("node:console");
const fs = require("node:fs");
const inspector = require("node:inspector");
const { createRequire } = require("node:module");
const net = require("node:net");
const path = require("node:path");
const readline = require("node:readline");
const { Writable } = require("node:stream");
const util = require("node:util");
const vm = require("node:vm");

const HERE = path.join(process.cwd(), "cell.js"); // what a cell imports is looked for from the working folder
const BELOW = "\n    at Session.post (node:inspector"; // the first frame of a trace that is ours and not the cell's
const REGEXP = [ // how one begins, since a slash divides behind anything else, and goes on
  /\/(?<=(?:^|[=(,:;!&|?{}[+\-*%~^<>](?<!\+\+|--)|\b(?:return|typeof|void|case|in|of|await|yield))\s*\/)/,
  /(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//,
];
const WORD = new RegExp(
  [
    /\/\/.*|\/\*[^]*?\*\//, // a comment
    /'(?:\\[^]|[^'\\\n])*'|"(?:\\[^]|[^"\\\n])*"/, // text
    new RegExp(REGEXP.map(({ source }) => source).join("")),
    /(?<![.\w$])import(?=\s*\()/, // the word of a dynamic import, which is none in what stands above
    /[`{}]/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "g",
);
const TEMPLATE_TEXT = /(?:[^`\\$]+|\\[^]|\$(?!\{))*(?:`|\$\{)?/y; // to the end of the template, or to code in it
const session = new inspector.Session();
const load = new vm.Script("(name, options) => import(name, options)", {
  filename: HERE,
  importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER, // V8's evaluation alone has no `import()`
}).runInThisContext();
const beginning = new vm.Script("__interpreter.begin()", { filename: HERE });
const hidden = { load, begin: undefined, receive: (given) => (received = given) }; // what scripts reach in here

let receiver; // the name that V8 has for `hidden.receive`
let received; // what it was given last
let begun = false; // V8 has taken the cell, which may now await something
let running = false; // a cell does
let failed = false; // something in it did, also beside it

function write(descriptor, data) {
  for (let rest = Buffer.from(data); rest.length; ) {
    try {
      rest = rest.subarray(fs.writeSync(descriptor, rest));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5); // a child made the pipe one that does not wait
    }
  }
}

function renewStreams() {
  for (const [descriptor, name] of [[1, "stdout"], [2, "stderr"]]) {
    const stream = new Writable({ write: (data, _, done) => done(write(descriptor, data)) });
    stream.fd = descriptor;
    Object.defineProperty(process, name, { value: stream, configurable: true, enumerable: true });
  }
  globalThis.console = new Console(process.stdout, process.stderr); // the inspector keeps what its own prints
}

// The value itself of what V8's answer describes.
function valueOf({ type, objectId, unserializableValue, value }) {
  const argument = objectId ? { objectId } : unserializableValue ? { unserializableValue } : { value };
  session.post("Runtime.callFunctionOn", {
    objectId: receiver,
    functionDeclaration: "function (value) { this(value); }",
    arguments: type === "undefined" ? [] : [argument],
  });
  return received;
}

function report(error, line) {
  failed = true;
  for (let one = error, depth = 0; util.types.isNativeError(one) && depth < 9; one = one.cause, depth++)
    Reflect.set(one, "stack", String(one.stack).split(BELOW)[0]);
  const text = util.inspect(error);
  const place = error instanceof SyntaxError && !text.includes("cell.js:") && line ? `cell.js:${line}\n` : "";
  write(2, `${place}Uncaught ${text}\n`);
}

function interrupted() {
  if (begun) process.exit(130);
  failed = true;
  renewStreams();
}

// The code with our own function in place of each `import()`.
function withLoad(code) {
  const braces = []; // of each that is open, whether it begins code in a template
  let [told, at] = ["", 0];
  WORD.lastIndex = 0;
  for (let found; (found = WORD.exec(code)); ) {
    const [word] = found;
    if (word === "import") {
      told += `${code.slice(at, found.index)}__interpreter.load`;
      at = WORD.lastIndex;
    } else if (word === "{") {
      braces.push(false);
    } else if (word === "`" || (word === "}" && braces.pop())) {
      TEMPLATE_TEXT.lastIndex = WORD.lastIndex;
      if (TEMPLATE_TEXT.exec(code)[0].endsWith("${")) braces.push(true);
      WORD.lastIndex = TEMPLATE_TEXT.lastIndex;
    }
  }
  return told + code.slice(at);
}

// Resolves to V8's answer.
function evaluated(code) {
  const request = {
    expression: `${withLoad(code)}\n//# sourceURL=cell.js`,
    replMode: true,
    awaitPromise: true,
    objectGroup: "cell",
  };
  return new Promise((resolve, reject) => {
    hidden.begin = () => {
      session.post("Runtime.evaluate", request, (refusal, answer) => (refusal ? reject(refusal) : resolve(answer)));
      begun = true;
    };
    beginning.runInThisContext({ breakOnSigint: true });
  });
}

async function run(folder) {
  try {
    const { result, exceptionDetails } = await evaluated(fs.readFileSync(path.join(folder, "cell"), "utf8"));
    if (exceptionDetails) {
      report(valueOf(exceptionDetails.exception), exceptionDetails.lineNumber + 1);
    } else {
      let value = valueOf(result);
      if (util.types.isPromise(value)) value = await value; // `main()` without an `await`: the cell ends with it
      if (value !== undefined) fs.writeFileSync(path.join(folder, "value"), util.inspect(value));
    }
  } catch (error) {
    if (error?.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED") interrupted();
    else report(error);
  }
  await new Promise(setImmediate); // a rejection that nobody handles is told before
  received = undefined;
  session.post("Runtime.releaseObjectGroup", { objectGroup: "cell" });
}

async function main() {
  const [port, key] = process.env.INTERPRETER_CONTROL.split(" ");
  delete process.env.INTERPRETER_CONTROL;
  const control = net.connect(Number(port), "127.0.0.1").setNoDelay();
  control.on("error", () => process.exit(1));
  control.write(`${key}\n`);
  for await (const line of readline.createInterface({ input: control })) {
    const [token] = line.split(" ", 1);
    [begun, running, failed] = [false, true, false];
    for (const descriptor of [1, 2]) write(descriptor, `\x1b]133;C;${token}\x07`);
    await run(line.slice(token.length + 1));
    for (const descriptor of [1, 2]) write(descriptor, `\x1b]133;D;${token}\x07`);
    running = false;
    control.write(`${token} ${failed ? "error" : "ok"}\n`);
  }
}

session.connect();
Object.defineProperty(globalThis, "__interpreter", { value: hidden });
session.post("Runtime.evaluate", { expression: "__interpreter.receive" }, (_, { result }) => {
  receiver = result.objectId;
});
const warn = process.emitWarning;
process.emitWarning = () => {}; // that its loader is experimental, once
load("node:fs");
process.emitWarning = warn;

const require_ = createRequire(HERE);
const module_ = { exports: {}, filename: HERE, id: ".", require: require_ };
require_.main = module_; // for `require.main === module`
Object.assign(globalThis, { require: require_, module: module_, exports: module_.exports });
Object.assign(globalThis, { __filename: HERE, __dirname: process.cwd() });
renewStreams();

process.on("uncaughtException", (error) => report(error));
process.on("unhandledRejection", (error) => report(error));
process.on("SIGINT", () => {
  if (running) process.exit(130); // else it comes too late
});
main().finally(() => process.exit());

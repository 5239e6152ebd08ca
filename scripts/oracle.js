// node oracle.js SOURCES TYPESCRIPT: every call below a folder with the declarations that the TypeScript compiler says it may run, a
// line each, tab separated: path, line, name, known or unknown, then path, first line, last line and name of each declaration here.
const fs = require("fs"), path = require("path"), ts = require(process.argv[3]);
const root = fs.realpathSync(process.argv[2]), files = [];
(function walk(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) { if (!["node_modules", ".git"].includes(entry.name)) walk(full); }
    else if (/\.[cm]?[jt]sx?$/.test(entry.name)) files.push(full);
  }
})(root);
const options = {
  allowJs: true, checkJs: true, noEmit: true, strict: true, skipLibCheck: true, types: [], maxNodeModuleJsDepth: 0, experimentalDecorators: true,
  target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, jsx: ts.JsxEmit.Preserve,
};
const config = path.join(root, "tsconfig.json");
if (fs.existsSync(config)) {
  const read = ts.getParsedCommandLineOfConfigFile(config, {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic() {} });
  for (const key of ["paths", "baseUrl", "pathsBasePath"]) if (read && read.options[key]) options[key] = read.options[key];
}
const program = ts.createProgram(files, options), checker = program.getTypeChecker(), here = new Set(files);
// What a call of a value of a mere type runs is not known.
const TYPES = new Set(["FunctionType", "CallSignature", "ConstructSignature", "ConstructorType"].map(n => ts.SyntaxKind[n]));
const UNNAMED = new Set([ts.SyntaxKind.ArrowFunction, ts.SyntaxKind.FunctionExpression]);
const HOLDERS = new Set(["VariableDeclaration", "PropertyAssignment", "PropertyDeclaration", "BinaryExpression",
  "PropertyAccessExpression", "ShorthandPropertyAssignment", "MethodDeclaration", "FunctionDeclaration"].map(n => ts.SyntaxKind[n]));
const line = (file, position) => file.getLineAndCharacterOfPosition(position).line + 1;
const isHere = d => here.has(d.getSourceFile().fileName) && !d.getSourceFile().isDeclarationFile;

function place(d) {
  const file = d.getSourceFile(), name = d.name && d.name.getText ? d.name.getText() : "";
  return [path.relative(root, file.fileName), line(file, d.getStart()), line(file, d.getEnd()), name.replace(/^"|"$|\s/g, "")];
}
function report(file, node, token, name) {
  const signature = checker.getResolvedSignature(node), run = signature && signature.declaration;
  let symbol = checker.getSymbolAtLocation(token);
  if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
  const named = ((symbol && symbol.declarations) || []).filter(isHere);
  const known = run && !TYPES.has(run.kind) && !(UNNAMED.has(run.kind) && !(named[0] && HOLDERS.has(named[0].kind)));
  const declared = known && isHere(run) ? [run, ...named].map(place) : [];
  console.log([path.relative(root, file.fileName), line(file, token.getStart()), name, known ? "known" : "unknown", ...declared.flat()].join("\t"));
}
function callee(e) {
  while (ts.isParenthesizedExpression(e) || ts.isNonNullExpression(e) || ts.isAsExpression(e)) e = e.expression;
  if (ts.isPropertyAccessExpression(e)) return [e.name, e.name.text];
  return [e, ts.isIdentifier(e) ? e.text : ""];
}
for (const file of program.getSourceFiles().filter(f => here.has(f.fileName) && !f.isDeclarationFile)) {
  (function visit(n) {
    const called = ts.isCallExpression(n) || ts.isNewExpression(n) ? n.expression : ts.isTaggedTemplateExpression(n) ? n.tag
      : ts.isJsxOpeningElement(n) || ts.isJsxSelfClosingElement(n) ? n.tagName : null;
    if (called) {
      const [token, name] = callee(called);
      if ((!n.tagName || /^[A-Z]/.test(name))) report(file, n, token, name);
    }
    ts.forEachChild(n, visit);
  })(file);
}

// esbuild turns every `const` at the top of a module into `var` when it bundles, and V8 takes a number for a constant of the
// code it compiles only where it comes from a `const`. In our hot loops that is a third of the time of decoding a trace. This
// puts `const` back where a name is set once.

import type { Options } from "tsup";
import ts from "typescript";

type Plugin = NonNullable<Options["plugins"]>[number];

export const keepConst: Plugin = {
  name: "keep-const",
  renderChunk(code, { path }) {
    return path.endsWith(".js") ? { code: withConst(code) } : undefined;
  },
};

/** `code` with `const X=1` for each `var X = 1` at the top that nothing sets again: as long as before, for the source map. */
function withConst(code: string): string {
  const file = ts.createSourceFile("chunk.js", code, ts.ScriptTarget.ESNext, false, ts.ScriptKind.JS);
  const changed = namesSetAgain(file);
  let written = "";
  let at = 0;
  for (const statement of file.statements) {
    if (
      !ts.isVariableStatement(statement) ||
      (statement.declarationList.flags & ts.NodeFlags.BlockScoped) !== 0
    )
      continue;
    const [declaration, ...others] = statement.declarationList.declarations;
    if (declaration?.initializer === undefined || others.length > 0) continue;
    if (namesOf(declaration.name).some((name) => changed.has(name))) continue;
    const start = statement.getStart(file);
    const name = code.slice(declaration.name.getStart(file), declaration.name.end);
    const plain = `var ${name} = `;
    if (!code.startsWith(plain, start)) continue;
    written += `${code.slice(at, start)}const ${name}=`;
    at = start + plain.length;
  }
  return written + code.slice(at);
}

/** Every name that is set anywhere by more than its declaration, whatever scope it is of. */
function namesSetAgain(file: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind)) addNames(node.left);
    else if (ts.isPostfixUnaryExpression(node) || isStep(node)) addNames(node.operand);
    else if (ts.isForInStatement(node) || ts.isForOfStatement(node)) addNames(node.initializer);
    ts.forEachChild(node, visit);
  };
  const addNames = (target: ts.Node): void => {
    if (ts.isIdentifier(target)) names.add(target.text);
    else if (!ts.isPropertyAccessExpression(target) && !ts.isElementAccessExpression(target))
      ts.forEachChild(target, addNames);
  };
  visit(file);
  return names;
}

const isAssignment = (operator: ts.SyntaxKind): boolean =>
  operator >= ts.SyntaxKind.FirstAssignment && operator <= ts.SyntaxKind.LastAssignment;

const isStep = (node: ts.Node): node is ts.PrefixUnaryExpression =>
  ts.isPrefixUnaryExpression(node) &&
  (node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken);

function namesOf(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : namesOf(element.name)));
}

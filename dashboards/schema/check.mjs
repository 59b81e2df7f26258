// Checks each dashboard against the types that Grafana publishes for its versions
// (@grafana/schema): the dashboard with its variables and panels, the options and the
// field options of each panel's type, and overrides. A key or a word that a version does
// not know fails. A key that is left out is fine: Grafana has a default.
//
//   npm ci --ignore-scripts && npm run check            the committed ones
//   node check.mjs FOLDER                               others
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const here = dirname(fileURLToPath(import.meta.url));
const folder = resolve(process.argv[2] ?? join(here, '..', 'grafana'));

// What a JSON file may hold where a type is wanted: enums are their words.
const loose = `
type L<T> = 0 extends 1 & T ? any : unknown extends T ? any : T extends string ? \`\${T}\` : T extends number | boolean | null | undefined ? T
  : T extends Array<infer U> ? L<U>[] : T extends object ? { [K in keyof T]?: L<T[K]> } : T;
`;

// What a version does not know and ignores, with the reason why it is written.
const accepted = [
  // A hidden column is custom.hidden until 12.1 and custom.hideFrom from 12.2 on.
  { what: /^table .*, override custom\.hidden$/, says: /'"hidden"' does not exist/, in: /^1[23]\./ },
  { what: /^table .*, override custom\.hideFrom$/, says: /'"hideFrom"' does not exist/, in: /^11\./ },
  // The query of an annotation is Prometheus' own, and its types are not published.
  { what: /^annotation /, says: /'"(expr|titleFormat|step)"' does not exist/, in: /./ },
];

function source(version, file, dashboard, notes) {
  const root = join(here, 'node_modules', version);
  const types = (kind) => {
    const base = join(root, 'dist/esm/raw/composable', kind.toLowerCase());
    const at = join(base, 'panelcfg/x');
    const name = existsSync(at) && readdirSync(at).find((n) => n.endsWith('.d.ts'));
    return name && join(at, name.replace(/\.d\.ts$/, ''));
  };
  const imports = new Map();
  const of = (kind) => {
    const at = types(kind.replaceAll('-', ''));
    if (!at) throw new Error(`${version} publishes no types of ${kind}`);
    if (!imports.has(at)) imports.set(at, `T${imports.size}`);
    return { name: imports.get(at), custom: /interface FieldConfig\b/.test(readFileSync(at + '.d.ts', 'utf8')) };
  };
  const lines = [];
  const put = (type, value, what) => {
    lines.push(`export const v${lines.length}: L<${type}> = ${JSON.stringify(value)};`);
    notes.push({ file, what });
  };
  const { annotations, ...rest } = dashboard;
  put('Dashboard', rest, 'dashboard');
  for (const a of annotations?.list ?? []) put("NonNullable<NonNullable<Dashboard['annotations']>['list']>[number]", a, `annotation "${a.name}"`);
  const panels = dashboard.panels.flatMap((p) => [p, ...(p.panels ?? [])]);
  for (const p of panels) {
    if (p.type === 'row') continue;
    const t = of(p.type), what = `${p.type} "${p.title}"`;
    put(`${t.name}.Options`, p.options ?? {}, `${what}, options`);
    const custom = (value, where) => {
      if (t.custom) put(`${t.name}.FieldConfig`, value, `${what}, ${where}`);
      else throw new Error(`${version}, ${file}, ${what}: ${where}: the panel has no such options`);
    };
    if (p.fieldConfig?.defaults?.custom) custom(p.fieldConfig.defaults.custom, 'field options');
    for (const o of p.fieldConfig?.overrides ?? []) {
      for (const { id, value } of o.properties) {
        if (!id.startsWith('custom.')) { put('FieldConfig', { [id]: value }, `${what}, override ${id}`); continue; }
        custom(id.split('.').slice(1).reduceRight((v, key) => ({ [key]: v }), value), `override ${id}`);
      }
    }
  }
  const head = [...imports].map(([at, name]) => `import type * as ${name} from ${JSON.stringify(at)};`);
  return ["import type { Dashboard, FieldConfig } from '@grafana/schema';", ...head].join('\n') + loose + lines.join('\n');
}

let failed = 0;
for (const version of ['grafana11', 'grafana12', 'grafana13']) {
  const pack = JSON.parse(readFileSync(join(here, 'node_modules', version, 'package.json'), 'utf8'));
  const files = new Map(), notes = new Map();
  for (const name of readdirSync(folder).filter((n) => n.endsWith('.json'))) {
    const at = join(here, `${name}.${version}.ts`), list = [];
    files.set(at, source(version, name, JSON.parse(readFileSync(join(folder, name), 'utf8')), list));
    notes.set(at, list);
  }
  const options = {
    strict: true, noEmit: true, skipLibCheck: true, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, target: ts.ScriptTarget.ES2022,
    paths: { '@grafana/schema': [join(here, 'node_modules', version, pack.types ?? 'dist/esm/index.d.ts')] },
  };
  const host = ts.createCompilerHost(options), read = host.getSourceFile, exists = host.fileExists;
  host.getSourceFile = (name, target) => files.has(name) ? ts.createSourceFile(name, files.get(name), target) : read.call(host, name, target);
  host.fileExists = (name) => files.has(name) || exists.call(host, name);
  const program = ts.createProgram([...files.keys()], options, host);
  let checked = 0, wrong = 0;
  for (const list of notes.values()) checked += list.length;
  for (const d of ts.getPreEmitDiagnostics(program)) {
    const text = ts.flattenDiagnosticMessageText(d.messageText, '\n').split('\n').slice(0, 4).join(' ');
    let what;
    if (d.file && notes.has(d.file.fileName)) {
      const line = d.file.text.slice(0, d.start).split('\n').pop() + d.file.text.slice(d.start).split('\n')[0];
      what = notes.get(d.file.fileName)[Number(/^export const v(\d+)/.exec(line)?.[1])];
    }
    if (accepted.some((a) => a.in.test(pack.version) && a.says.test(text) && a.what.test(what?.what))) continue;
    wrong++;
    console.log(`@grafana/schema ${pack.version}: ${what?.file}: ${what?.what}: ${text}`);
  }
  console.log(`@grafana/schema ${pack.version}: ${checked} parts of ${files.size} dashboards checked, ${wrong} wrong`);
  failed += wrong;
}
process.exitCode = failed ? 1 : 0;

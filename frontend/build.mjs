// Builds what the pages load, once at set-up: one style sheet and one script for colleagues, a small pair of them for
// owners' phones, one icon sprite, the brand mark.
//
// Everything goes to cheban/site/static_built under a name that carries its content's hash, next to
// manifest.json ({files: plain name -> hashed name, icons: [names]}), which the template tags read. Nothing
// is loaded from anywhere else at run time. `--watch` builds again when a source changes.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { compile } from 'sass';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const modules = join(root, 'node_modules');
const out = join(root, 'cheban', 'site', 'static_built');
/** Chinese type for documents that the server sets (PDF); pages use the reader's own fonts. */
const fonts = {
  from: join(modules, '@expo-google-fonts/noto-sans-sc'),
  to: join(root, 'cheban', 'site', 'fonts_built'),
  files: ['400Regular/NotoSansSC_400Regular.ttf', '700Bold/NotoSansSC_700Bold.ttf'],
};
const compiled = ['kit', 'tokens'];
const browsers = ['chrome111', 'safari16.4', 'firefox115'];

/** The icons of icons.txt as one SVG file of symbols, and their names. */
function sprite() {
  const names = readFileSync(join(here, 'icons.txt'), 'utf8')
    .split('\n').map((line) => line.trim()).filter((line) => line && !line.startsWith('#'));
  const missing = names.filter((name) => !existsSync(join(modules, '@tabler/icons/icons/outline', `${name}.svg`)));
  if (missing.length) throw new Error(`frontend/icons.txt names icons that @tabler/icons does not have: ${missing.join(', ')}`);
  const symbols = names.map((name) => {
    const svg = readFileSync(join(modules, '@tabler/icons/icons/outline', `${name}.svg`), 'utf8');
    const body = svg.replace(/<!--[\s\S]*?-->/g, '').match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1];
    return `<symbol id="${name}" viewBox="0 0 24 24">${body.replace(/\s*\n\s*/g, '').trim()}</symbol>`;
  });
  return { names, svg: `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>` };
}

async function style(entry) {
  const scratch = compiled.map((name) => join(here, 'css', `.${name}.css`));
  try {
    compiled.forEach((name, n) => {
      writeFileSync(scratch[n], compile(join(here, 'css', `${name}.scss`), { loadPaths: [modules], quietDeps: true }).css);
    });
    const result = await build({
      entryPoints: [join(here, `css/${entry}.css`)], bundle: true, minify: true, write: false, target: browsers, logLevel: 'warning',
    });
    return result.outputFiles[0].contents;
  } finally {
    scratch.forEach((path) => rmSync(path, { force: true }));
  }
}

async function script(entry) {
  const result = await build({
    entryPoints: [join(here, `js/${entry}.js`)], bundle: true, minify: true, write: false, format: 'esm', target: browsers, logLevel: 'warning',
  });
  return result.outputFiles[0].contents;
}

async function run() {
  const start = Date.now();
  const icons = sprite();
  const files = {
    'app.css': await style('app'),
    'app.js': await script('app'),
    'owner.css': await style('owner'),
    'owner.js': await script('owner'),
    'icons.svg': Buffer.from(icons.svg),
    'brand.svg': readFileSync(join(here, 'img/brand.svg')),
  };
  mkdirSync(out, { recursive: true });
  const manifest = { files: {}, icons: icons.names };
  for (const [name, content] of Object.entries(files)) {
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 10);
    const [stem, ext] = name.split('.');
    manifest.files[name] = `${stem}-${hash}.${ext}`;
    writeFileSync(join(out, manifest.files[name]), content);
  }
  // The manifest changes in one step and last: a running server never points at a file that is not there yet.
  writeFileSync(join(out, 'manifest.json.new'), `${JSON.stringify(manifest, null, 1)}\n`);
  renameSync(join(out, 'manifest.json.new'), join(out, 'manifest.json'));
  mkdirSync(fonts.to, { recursive: true });
  for (const file of fonts.files) copyFileSync(join(fonts.from, file), join(fonts.to, basename(file)));
  const current = new Set(Object.values(manifest.files));
  for (const name of readdirSync(out)) {
    if (/^(app|owner|icons|brand)-[0-9a-f]{10}\.(css|js|svg)$/.test(name) && !current.has(name)) rmSync(join(out, name));
  }
  const sizes = Object.entries(files).map(([name, content]) => `${name} ${Math.round(content.length / 1024)} kB`);
  console.log(`front end: ${sizes.join(', ')} in ${Date.now() - start} ms`);
}

await run();
if (process.argv.includes('--watch')) {
  let timer;
  watch(here, { recursive: true }, (_, name) => {
    if (/\.(kit|tokens)\.css$/.test(name)) return;
    clearTimeout(timer);
    timer = setTimeout(() => run().catch((error) => console.error(error.message)), 80);
  });
}

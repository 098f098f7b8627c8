/**
 * Builds the page into src/harma/serve/page: one bundle, the style sheet, the land, the notices.
 *
 * Nothing in it depends on when or where it is built, so that building anew gives the same bytes.
 */

import { build } from "esbuild";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = process.argv[2] ?? join(HERE, "..", "src", "harma", "serve", "page");
const MOST_GZIPPED = 150_000;
const LAND = "land-50m.json";

async function main() {
  await rm(OUT, { recursive: true, force: true });
  await mkdir(OUT, { recursive: true });
  const options = {
    absWorkingDir: HERE,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022"],
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
  };
  const script = await build({
    ...options,
    entryPoints: ["src/main.ts"],
    outfile: join(OUT, "harma.js"),
  });
  await build({ ...options, entryPoints: ["src/harma.css"], outfile: join(OUT, "harma.css") });
  await cp(join(HERE, "static"), OUT, { recursive: true });
  await cp(join(HERE, "node_modules", "world-atlas", LAND), join(OUT, LAND));
  await writeFile(join(OUT, "NOTICES.txt"), await notices(script.metafile));
  await check();
}

/** The licences of what the bundle holds, and of the land. */
async function notices(metafile) {
  const names = new Set(["world-atlas"]);
  for (const input of Object.keys(metafile.inputs)) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
    if (name) {
      names.add(name);
    }
  }
  const parts = ["The page holds these works of others.\n"];
  for (const name of [...names].sort()) {
    parts.push(await notice(name));
  }
  parts.push("The shapes of the land are from Natural Earth, which is in the public domain.\n");
  return parts.join("\n");
}

async function notice(name) {
  const folder = join(HERE, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|copying)/i.test(file));
  const texts = await Promise.all(files.sort().map((file) => readFile(join(folder, file), "utf8")));
  const heading = `${name} ${version} (${license})`;
  const lines = texts.map((text) => text.trim().replaceAll("\r\n", "\n"));
  return [heading, "=".repeat(heading.length), ...lines, ""].join("\n");
}

async function check() {
  const bundle = gzipSync(await readFile(join(OUT, "harma.js")), { level: 9 }).length;
  const style = gzipSync(await readFile(join(OUT, "harma.css")), { level: 9 }).length;
  console.log(`gzipped: harma.js ${bundle} bytes, harma.css ${style} bytes`);
  if (bundle + style > MOST_GZIPPED) {
    throw new Error(
      `the page is ${bundle + style} bytes gzipped; at most ${MOST_GZIPPED} are allowed`,
    );
  }
}

await main();

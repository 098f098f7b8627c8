/** Scenes on the map: tiles of the chosen hit's scene, and before | after of a change. */

import type ImageTile from "ol/ImageTile.js";
import type Tile from "ol/Tile.js";
import TileState from "ol/TileState.js";
import TileLayer from "ol/layer/Tile.js";
import { getRenderPixel } from "ol/render.js";
import type RenderEvent from "ol/render/Event.js";
import XYZ from "ol/source/XYZ.js";
import { address, call, key } from "./api.ts";
import type { Hit, SourceInfo } from "./contract.ts";
import { byId } from "./elements.ts";
import { HEIGHT, toMercator, type GroundMap } from "./map.ts";
import { fetchInto } from "./pictures.ts";

type SceneLayer = TileLayer<XYZ>;

const DEEPEST = 24;
const KEPT_SCENES = 6;

export class Scenes {
  private readonly ground: GroundMap;
  private readonly known = new Map<string, Promise<SourceInfo>>();
  private readonly layers = new Map<string, SceneLayer>();
  private readonly slider = byId<HTMLInputElement>("swipe-slider");
  private readonly swipe = byId("swipe");
  private now: SceneLayer | null = null;
  isShown = true;
  private turn = 0;

  constructor(ground: GroundMap) {
    this.ground = ground;
    this.slider.addEventListener("input", () => this.slide());
  }

  /** Show the scene of a hit, and the earlier one of a change beside it; null shows none. */
  async show(hit: Hit | null): Promise<void> {
    this.turn += 1;
    const { turn } = this;
    const sources = hit && this.isShown ? sourcesOf(hit) : [];
    const index = hit?.properties.index ?? "";
    const wanted = await Promise.all(sources.map((source) => this.layer(index, source)));
    if (turn !== this.turn) {
      return;
    }
    for (const layer of this.layers.values()) {
      layer.setVisible(false);
    }
    const [after, before] = wanted;
    this.raise(after, 1);
    this.raise(before, 0);
    this.now = after && before ? after : null;
    this.swipe.hidden = this.now === null;
    this.slide();
  }

  /** Are two scenes shown, one on each side? */
  get isSwiping(): boolean {
    return this.now !== null;
  }

  /** Show scenes, or not. */
  async toggle(hit: Hit | null): Promise<void> {
    this.isShown = !this.isShown;
    await this.show(hit);
  }

  /** What the server says of a scene; asked once. */
  source(index: string, id: string): Promise<SourceInfo> {
    const path = `v1/indexes/${index}/sources/${id}`;
    const asked = this.known.get(path) ?? call<SourceInfo>(path);
    this.known.set(path, asked);
    asked.catch(() => this.known.delete(path));
    return asked;
  }

  private raise(layer: SceneLayer | null | undefined, step: number): void {
    layer?.setVisible(true);
    layer?.setZIndex(HEIGHT.scene + step);
  }

  private async layer(index: string, id: string): Promise<SceneLayer | null> {
    const made = this.layers.get(`${index}/${id}`);
    if (made) {
      return made;
    }
    try {
      const source = await this.source(index, id);
      return source.tiles && source.bbox ? this.add(index, source) : null;
    } catch {
      // The hit and its picture are there; only its scene cannot be drawn on the map.
      return null;
    }
  }

  private add(index: string, scene: SourceInfo): SceneLayer {
    const place = `${index}/${scene.id}`;
    const layer = this.layers.get(place) ?? this.make(index, scene);
    this.layers.set(place, layer);
    for (const oldest of [...this.layers.keys()].slice(0, -KEPT_SCENES)) {
      const gone = this.layers.get(oldest);
      this.layers.delete(oldest);
      if (gone) {
        this.ground.ol.removeLayer(gone);
      }
    }
    return layer;
  }

  private make(index: string, scene: SourceInfo): SceneLayer {
    const tiles = `v1/indexes/${index}/sources/${scene.id}/tiles`;
    const source = new XYZ({
      tileUrlFunction: ([z, x, y]) => address(`${tiles}/${z}/${x}/${y}`),
      minZoom: scene.min_zoom ?? 0,
      maxZoom: Math.min(scene.max_zoom ?? DEEPEST, DEEPEST),
      tileLoadFunction: loadTile,
      transition: 120,
    });
    const extent = scene.bbox ? toMercator(scene.bbox) : undefined;
    const layer = new TileLayer({ source, extent, visible: false, zIndex: HEIGHT.scene });
    layer.on("prerender", (event) => this.clip(layer, event));
    layer.on("postrender", (event) => {
      if (layer === this.now) {
        (event.context as CanvasRenderingContext2D).restore();
      }
    });
    this.ground.ol.addLayer(layer);
    return layer;
  }

  /** Draw the later scene only right of the slider. */
  private clip(layer: SceneLayer, event: RenderEvent): void {
    if (layer !== this.now) {
      return;
    }
    const context = event.context as CanvasRenderingContext2D;
    const [width = 0, height = 0] = this.ground.ol.getSize() ?? [];
    const from = (width * Number(this.slider.value)) / 100;
    const corners = [
      [from, 0],
      [width, 0],
      [width, height],
      [from, height],
    ].map((corner) => getRenderPixel(event, corner));
    context.save();
    context.beginPath();
    corners.forEach(([x = 0, y = 0], at) =>
      at === 0 ? context.moveTo(x, y) : context.lineTo(x, y),
    );
    context.closePath();
    context.clip();
  }

  private slide(): void {
    byId("swipe-line").style.left = `${this.slider.value}%`;
    this.ground.ol.render();
  }
}

function sourcesOf(hit: Hit): string[] {
  const { source, then_source } = hit.properties;
  return then_source ? [source, then_source] : [source];
}

function loadTile(tile: Tile, url: string): void {
  const image = (tile as ImageTile).getImage() as HTMLImageElement;
  if (!key()) {
    image.src = url;
    return;
  }
  image.addEventListener("error", () => tile.setState(TileState.ERROR), { once: true });
  void fetchInto(image, url);
}

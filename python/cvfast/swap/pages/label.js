"use strict";
// Draws polygons on face pictures. Points are shares of the picture's side, as in the files.

const element = (id) => document.getElementById(id);
const canvas = element("canvas");
const pen = canvas.getContext("2d");
const NEAR = 9; // pixels round a corner that count as on it
const COLOURS = { true: "73, 208, 124", false: "255, 95, 86" };

const state = {
  faces: [],
  at: -1,
  image: null,
  veil: null,
  showVeil: false,
  polygons: [], // of this face
  open: [], // corners of the polygon that is being drawn
  include: true,
  past: [], // what undo goes back to
  dragged: null,
  mouse: null,
  zoom: 1,
  middle: [0.5, 0.5], // of what is seen
};

// Where things are on the canvas.

function view() {
  const { width, height } = canvas.getBoundingClientRect();
  const side = Math.min(width, height) * 0.96 * state.zoom;
  return {
    side,
    left: width / 2 - state.middle[0] * side,
    top: height / 2 - state.middle[1] * side,
  };
}

function toCanvas([x, y]) {
  const { side, left, top } = view();
  return [left + x * side, top + y * side];
}

function toShares(event) {
  const { side, left, top } = view();
  const inside = (value) => Math.min(1.5, Math.max(-0.5, value));
  return [inside((event.offsetX - left) / side), inside((event.offsetY - top) / side)];
}

function isNear(point, event) {
  const [x, y] = toCanvas(point);
  return Math.hypot(x - event.offsetX, y - event.offsetY) <= NEAR;
}

function cornerAt(event) {
  for (let p = state.polygons.length - 1; p >= 0; p--) {
    const points = state.polygons[p].points;
    const k = points.findIndex((point) => isNear(point, event));
    if (k >= 0) return { polygon: p, corner: k };
  }
  return null;
}

// Drawing.

function trace(points, closed) {
  pen.beginPath();
  points.forEach((point, k) => pen[k ? "lineTo" : "moveTo"](...toCanvas(point)));
  if (closed) pen.closePath();
}

function dots(points, colour) {
  pen.fillStyle = colour;
  for (const point of points) {
    const [x, y] = toCanvas(point);
    pen.fillRect(x - 2.5, y - 2.5, 5, 5);
  }
}

function draw() {
  const box = canvas.getBoundingClientRect();
  const fine = window.devicePixelRatio || 1;
  canvas.width = box.width * fine;
  canvas.height = box.height * fine;
  pen.setTransform(fine, 0, 0, fine, 0, 0);
  if (!state.image) return;
  const { side, left, top } = view();
  pen.drawImage(state.image, left, top, side, side);
  if (state.showVeil && state.veil) {
    pen.globalAlpha = 0.75;
    pen.drawImage(state.veil, left, top, side, side);
    pen.globalAlpha = 1;
  }
  pen.lineWidth = 1.5;
  for (const include of [true, false]) {
    for (const polygon of state.polygons.filter((one) => one.include === include)) {
      trace(polygon.points, true);
      pen.fillStyle = `rgba(${COLOURS[include]}, 0.22)`;
      pen.strokeStyle = `rgb(${COLOURS[include]})`;
      pen.fill();
      pen.stroke();
      dots(polygon.points, pen.strokeStyle);
    }
  }
  if (state.open.length) {
    trace(state.mouse ? [...state.open, state.mouse] : state.open, false);
    pen.strokeStyle = `rgb(${COLOURS[state.include]})`;
    pen.setLineDash([5, 4]);
    pen.stroke();
    pen.setLineDash([]);
    dots(state.open, "white");
  }
}

// Talking to the server.

function say(text, bad = false) {
  element("state").textContent = text;
  element("state").className = bad ? "bad" : "";
}

async function get(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer.json();
}

async function save() {
  const face = state.faces[state.at];
  const body = JSON.stringify(state.polygons);
  face.labelled = state.polygons.length > 0;
  mark();
  say("saving");
  try {
    const answer = await fetch(`labels/${encodeURIComponent(face.name)}`, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body,
    });
    if (!answer.ok) throw new Error((await answer.json()).error);
    say("saved");
  } catch (error) {
    say(`not saved: ${error.message}`, true);
  }
}

function picture(source) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error(`${source} cannot be shown`));
    image.src = source;
  });
}

async function show(index) {
  if (index < 0 || index >= state.faces.length) return;
  state.at = index;
  Object.assign(state, { open: [], past: [], dragged: null, veil: null, image: null, polygons: [] });
  Object.assign(state, { zoom: 1, middle: [0.5, 0.5] });
  const name = encodeURIComponent(state.faces[index].name);
  element("name").textContent = `${state.faces[index].name} (${index + 1} of ${state.faces.length})`;
  mark();
  try {
    const [image, polygons] = await Promise.all([picture(`face/${name}`), get(`labels/${name}`)]);
    if (state.at !== index) return; // the next one was asked for meanwhile
    Object.assign(state, { image, polygons });
    draw();
    say("");
    const veil = await picture(`mask/${name}`);
    if (state.at === index) state.veil = veil;
  } catch (error) {
    say(error.message, true);
  }
  draw();
}

function mark() {
  for (const [index, button] of [...element("list").children].entries()) {
    button.classList.toggle("here", index === state.at);
    button.classList.toggle("labelled", state.faces[index].labelled);
  }
  element("list").children[state.at]?.scrollIntoView({ block: "nearest" });
  element("include").classList.toggle("on", state.include);
  element("exclude").classList.toggle("on", !state.include);
  element("veil").classList.toggle("on", state.showVeil);
}

// What a person does.

function change(polygons) {
  state.past.push(state.polygons);
  state.polygons = polygons;
  draw();
  save();
}

function close() {
  if (state.open.length >= 3) {
    const made = { include: state.include, points: state.open };
    state.open = [];
    change([...state.polygons, made]);
  }
}

function undo() {
  if (state.open.length) {
    state.open.pop();
    draw();
  } else if (state.past.length) {
    state.polygons = state.past.pop();
    draw();
    save();
  }
}

async function copy() {
  if (state.at < 1) return;
  const name = encodeURIComponent(state.faces[state.at - 1].name);
  try {
    change([...state.polygons, ...(await get(`labels/${name}`))]);
  } catch (error) {
    say(error.message, true);
  }
}

function choose(include) {
  state.include = include;
  mark();
  draw();
}

function toggleVeil() {
  state.showVeil = !state.showVeil;
  mark();
  draw();
}

function nextUnlabelled() {
  const after = state.faces.findIndex((face, index) => index > state.at && !face.labelled);
  if (after >= 0) show(after);
}

canvas.addEventListener("mousedown", (event) => {
  if (!state.image || event.button !== 0) return;
  if (state.open.length >= 3 && isNear(state.open[0], event)) return close();
  const corner = state.open.length ? null : cornerAt(event);
  if (corner) {
    state.past.push(state.polygons);
    state.polygons = structuredClone(state.polygons);
    state.dragged = corner;
  } else {
    state.open.push(toShares(event));
  }
  draw();
});

canvas.addEventListener("mousemove", (event) => {
  state.mouse = toShares(event);
  if (state.dragged) {
    state.polygons[state.dragged.polygon].points[state.dragged.corner] = state.mouse;
  }
  if (state.dragged || state.open.length) draw();
});

window.addEventListener("mouseup", () => {
  if (!state.dragged) return;
  state.dragged = null;
  save();
});

canvas.addEventListener("contextmenu", (event) => {
  event.preventDefault();
  const corner = cornerAt(event);
  if (corner) change(state.polygons.filter((_, index) => index !== corner.polygon));
});

canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  const before = toShares(event);
  state.zoom = Math.min(8, Math.max(1, state.zoom * Math.exp(-event.deltaY / 500)));
  const after = toShares(event);
  state.middle = state.zoom === 1 ? [0.5, 0.5]
    : state.middle.map((value, axis) => value + before[axis] - after[axis]);
  draw();
}, { passive: false });

const KEYS = {
  i: () => choose(true),
  e: () => choose(false),
  u: undo,
  m: toggleVeil,
  c: copy,
  n: nextUnlabelled,
  Enter: close,
  Escape: () => { state.open = []; draw(); },
  ArrowLeft: () => show(state.at - 1),
  ArrowRight: () => show(state.at + 1),
};

window.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "z") {
    event.preventDefault();
    undo();
  } else if (!event.ctrlKey && !event.metaKey && KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

const BUTTONS = {
  include: KEYS.i, exclude: KEYS.e, undo, clear: () => change([]), copy, veil: toggleVeil,
  before: KEYS.ArrowLeft, after: KEYS.ArrowRight,
};
for (const [id, act] of Object.entries(BUTTONS)) {
  element(id).addEventListener("click", (event) => { event.target.blur(); act(); });
}
window.addEventListener("resize", draw);

async function start() {
  state.faces = await get("faces");
  state.faces.forEach((face, index) => {
    const button = document.createElement("button");
    const image = document.createElement("img");
    image.loading = "lazy";
    image.alt = "";
    image.src = `face/${encodeURIComponent(face.name)}`;
    const dot = document.createElement("span");
    dot.className = "dot";
    button.append(image, dot, face.name);
    button.addEventListener("click", () => { button.blur(); show(index); });
    element("list").append(button);
  });
  const first = state.faces.findIndex((face) => !face.labelled);
  await show(Math.max(0, first));
}

start().catch((error) => say(error.message, true));

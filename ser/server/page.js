"use strict";
const LONG = 6, WINDOW = 2, MOST = 60; // seconds above which windows are drawn; of a window; windows at most
const SVG = "http://www.w3.org/2000/svg";
const find = name => document.getElementById(name);
const percent = share => `${Math.round(100 * share)} %`;
const inSeconds = time => `${time.toFixed(1)} s`;
const warn = text => { find("problem").textContent += `${find("problem").textContent ? "\n" : ""}${text}`; };
let model = null, decoder = null, queue = Promise.resolve();

async function describe() {
  model = await (await fetch("model")).json();
  const {train, dev} = model.utterances, counts = [train && `${train} utterances`, dev && `${dev} for selection`].filter(Boolean);
  find("name").textContent = model.model;
  find("training").textContent = `The system ${model.model} was trained on the corpus ${model.corpus}`
    + `${counts.length ? ` (${counts.join(", ")})` : ""}, protocol ${model.protocol}. Its classes: ${model.classes.join(", ")}.`;
  find("limits").textContent = `At most ${model.limits.bytes / 1e6} MB and ${model.limits.seconds} s each.`;
  find("uses").textContent = model.uses;
  find("text").hidden = model.words === "none";
  find("speaker").hidden = !model.needs.speaker;
  find("address").textContent = location.href.replace(/[#?].*/, "");
}

/* Recordings are answered one after another. */
function add(files) {
  find("problem").textContent = "";
  for (const file of files) queue = queue.then(() => answer(file)).catch(error => {
    find("status").textContent = "";
    warn(`${file.name}: ${error.message}`);
  });
}

async function answer(file) {
  if (!model) throw new Error("the server has not been reached yet; reload the page.");
  if (file.size > model.limits.bytes) throw new Error(`is larger than ${model.limits.bytes / 1e6} MB.`);
  find("status").textContent = `Predicting ${file.name} …`;
  const sound = await decoded(file), whole = await send(file, {}), seconds = whole.seconds;
  const step = Math.max(WINDOW / 2, seconds / MOST), parts = seconds > LONG && !model.needs.text
    ? await send(file, {window: 2 * step, step}, false) : null;
  draw(file, sound, whole, parts);
}

async function send(file, times, withText = true) {
  const body = new FormData();
  for (const [name, value] of Object.entries(times)) body.append(name, value);
  for (const name of withText ? ["text", "speaker"] : ["speaker"]) body.append(name, find(name).hidden ? "" : find(name).querySelector("input").value);
  body.append("file", file);
  const response = await fetch("predict", {method: "POST", body}).catch(() => { throw new Error("the server does not answer."); });
  const content = await response.json().catch(() => ({error: `the server answered with status ${response.status}.`}));
  if (!response.ok) throw new Error(content.error.startsWith(`${file.name}: `) ? content.error.slice(file.name.length + 2) : content.error);
  return content;
}

/* The samples for the waveform; null where the browser cannot decode what the server may. */
async function decoded(file) {
  try {
    decoder ??= new OfflineAudioContext(1, 1, 16000);
    return await decoder.decodeAudioData(await file.arrayBuffer());
  } catch { return null; }
}

function draw(file, sound, whole, parts) {
  const [one] = whole.answers, shown = find("answer").content.cloneNode(true), get = name => shown.querySelector(name);
  get("h2").textContent = file.name;
  get("figcaption p").textContent = inSeconds(whole.seconds);
  get("audio").src = URL.createObjectURL(file);
  get("audio").setAttribute("aria-label", `Play ${file.name}`);
  const top = document.createElement("b");
  top.textContent = one.predicted;
  get(".predicted").append(parts ? "The whole: " : "", top, ` ${percent(one.probabilities[one.predicted])}`);
  for (const name of [...model.classes].sort((a, b) => one.probabilities[b] - one.probabilities[a])) {
    const [term, bar, number] = ["dt", "dd", "dd"].map(tag => document.createElement(tag));
    term.textContent = name;
    bar.className = "bar";
    bar.ariaHidden = "true";
    bar.style.setProperty("--value", `${100 * one.probabilities[name]}%`);
    number.className = "num";
    number.textContent = percent(one.probabilities[name]);
    get(".bars").append(term, bar, number);
  }
  get(".left-out").textContent = parts?.left_out.length ? `Without an answer: ${parts.left_out.join("; ")}.` : "";
  const canvas = get("canvas"), times = get(".times"), figure = get("figure");
  find("answers").prepend(shown);
  if (parts) {
    figure.classList.add("timed");
    times.hidden = false;
    times.append(timeline(parts.answers, whole.seconds, times.clientWidth));
  }
  if (sound) {
    canvas.hidden = false;
    canvas.setAttribute("aria-label", `Waveform of ${file.name}, ${inSeconds(sound.duration)}`);
    waveform(canvas, sound);
  }
  find("status").textContent = `${file.name}: ${one.predicted}, ${percent(one.probabilities[one.predicted])}`;
}

/* The least and greatest sample under each pixel. */
function waveform(canvas, sound) {
  const samples = sound.getChannelData(0), width = canvas.width = canvas.clientWidth, middle = canvas.height / 2;
  const pen = canvas.getContext("2d"), per = samples.length / width;
  let peak = 1e-6;
  for (const value of samples) peak = Math.max(peak, Math.abs(value));
  pen.fillStyle = getComputedStyle(canvas).getPropertyValue("--heat");
  for (let x = 0; x < width; x++) {
    let low = 0, high = 0;
    for (let at = Math.floor(x * per); at < (x + 1) * per && at < samples.length; at++) {
      low = Math.min(low, samples[at]);
      high = Math.max(high, samples[at]);
    }
    pen.fillRect(x, middle - high / peak * middle, 1, Math.max(1, (high - low) / peak * middle));
  }
}

/* A row for each class; the darker a cell, the more probable the class in the window around that moment. */
function timeline(answers, seconds, whole) {
  const height = 16, gap = 3, left = 80, width = whole - left, rows = model.classes.length * (height + gap);
  const svg = make("svg", {viewBox: `0 0 ${left + width} ${rows + 16}`, role: "img"});
  const centre = one => (one.start + one.end) / 2, x = time => left + time / seconds * width;
  svg.setAttribute("aria-label", "Most probable class over time: "
    + answers.map(one => `${inSeconds(one.start)} to ${inSeconds(one.end)} ${one.predicted} ${percent(one.probabilities[one.predicted])}`).join(", "));
  model.classes.forEach((name, row) => {
    const y = row * (height + gap);
    svg.append(make("text", {x: left - 8, y: y + 12, "text-anchor": "end"}, name), make("rect", {class: "row", x: left, y, width, height}));
    answers.forEach((one, at) => {
      const from = at ? (centre(answers[at - 1]) + centre(one)) / 2 : one.start;
      const to = at < answers.length - 1 ? (centre(answers[at + 1]) + centre(one)) / 2 : one.end;
      const cell = make("rect", {x: x(from), y, width: x(to) - x(from), height, "fill-opacity": one.probabilities[name]});
      cell.append(make("title", {}, `${name} ${percent(one.probabilities[name])}, ${inSeconds(one.start)} to ${inSeconds(one.end)}`));
      svg.append(cell);
    });
  });
  for (const share of [0, .5, 1])
    svg.append(make("text", {x: x(share * seconds), y: rows + 12, "text-anchor": ["start", "middle", "end"][2 * share]}, inSeconds(share * seconds)));
  return svg;
}

function make(tag, attributes, text) {
  const one = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
  if (text) one.textContent = text;
  return one;
}

const REFUSALS = {
  NotAllowedError: "The microphone was refused; allow it for this page in the browser's settings.",
  NotFoundError: "The browser finds no microphone.",
  NotReadableError: "Another program uses the microphone.",
};
let recorder = null;

async function record() {
  if (recorder) { recorder.stop(); return; }
  find("problem").textContent = "";
  if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder)
    return warn("The browser gives the microphone only to pages over https or from localhost.");
  let stream;
  try { stream = await navigator.mediaDevices.getUserMedia({audio: true}); }
  catch (error) { return warn(REFUSALS[error.name] ?? `The microphone cannot be used: ${error.message}`); }
  const button = find("record"), pieces = [], begun = performance.now();
  recorder = new MediaRecorder(stream);
  const ended = metered(stream), clock = setInterval(() => {
    const seconds = (performance.now() - begun) / 1000;
    button.textContent = `Stop (${Math.floor(seconds)} s)`;
    if (seconds >= model.limits.seconds - 1) recorder?.stop();
  }, 250);
  recorder.ondataavailable = event => pieces.push(event.data);
  recorder.onstop = () => {
    const type = recorder.mimeType.split(";")[0], time = new Date().toTimeString().slice(0, 8).replaceAll(":", "-");
    recorder = null;
    clearInterval(clock);
    ended();
    stream.getTracks().forEach(track => track.stop());
    button.textContent = "Record with the microphone";
    button.setAttribute("aria-pressed", "false");
    add([new File(pieces, `microphone ${time}.${type.split("/")[1] || "webm"}`, {type})]);
  };
  recorder.start();
  button.textContent = "Stop (0 s)";
  button.setAttribute("aria-pressed", "true");
  find("status").textContent = "Recording …";
}

/* Draw the level of a stream; return the function that ends it. */
function metered(stream) {
  const context = new AudioContext(), analyser = context.createAnalyser(), samples = new Float32Array(1024);
  context.createMediaStreamSource(stream).connect(analyser);
  find("level").hidden = false;
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    find("level").firstChild.value = Math.min(1, 3 * Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length));
  }, 100);
  return () => { clearInterval(timer); context.close(); find("level").hidden = true; };
}

find("files").addEventListener("change", event => { add([...event.target.files]); event.target.value = ""; });
find("record").addEventListener("click", record);
find("form").addEventListener("submit", event => event.preventDefault());
for (const kind of ["dragenter", "dragover"]) addEventListener(kind, event => { event.preventDefault(); find("drop").classList.add("over"); });
for (const kind of ["dragleave", "drop"]) addEventListener(kind, () => find("drop").classList.remove("over"));
addEventListener("drop", event => { event.preventDefault(); add([...event.dataTransfer.files]); });
describe().catch(() => warn("The server cannot be reached."));

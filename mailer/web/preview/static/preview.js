// Puts what the server has rendered in its place, again when a file was saved. What is chosen stands
// in the page's address, so that loading it again shows the same.

const $ = (id) => document.getElementById(id);
const {page, name, token} = document.body.dataset;

// ---------------------------------------------------------------- asking the server

async function get(path, options) {
  const answer = await fetch(path, options).catch(() => {
    throw new Error("The preview is not running. Start it again with: mailer preview");
  });
  if (answer.ok) return answer;
  if (answer.status !== 422) throw new Error(await answer.text());
  const {problem, hint} = await answer.json();
  throw new Error([problem, hint].filter(Boolean).join(" "));
}

const ask = async (path, options) => (await get(path, options)).json();
const text = async (path) => (await get(path)).text();

let said = 0;
function say(text) {
  $("status").textContent = text;
  clearTimeout(said);
  said = setTimeout(() => ($("status").textContent = ""), 6000);
}

/** Replace what an element holds when it is something else, and keep the focus in it. */
function put(id, html) {
  const place = $(id);
  place.removeAttribute("aria-busy");
  if (place.shown === html) return;
  const focused = place.contains(document.activeElement) && document.activeElement.id;
  const scrolled = [...place.querySelectorAll("[id], ul, ol, pre")].map((one) => one.scrollTop);
  place.innerHTML = place.shown = html;
  place.querySelectorAll("[id], ul, ol, pre").forEach((one, i) => (one.scrollTop = scrolled[i] ?? 0));
  if (focused) $(focused)?.focus();
}

// What somebody is clicking on stays in its place until they have.
let held = false;
for (const [name, down] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false]])
  addEventListener(name, () => (held = down));

/** A part of the page that is asked for again after as long as the server says. */
function region(id, path, onShown) {
  let turn = 0;
  let timer = 0;
  return async function refresh() {
    const mine = ++turn;
    clearTimeout(timer);
    let again = 2000;
    try {
      const found = await ask(path);
      if (mine !== turn) return;
      if (held) again = 200;
      else {
        put(id, found[id]);
        onShown?.(found);
        again = found.again;
      }
    } catch (err) {
      if (mine !== turn) return;
      say(err.message);
    }
    if (again) timer = setTimeout(refresh, again);
    if (page === "campaign") press();
  };
}

/** Listen for saved files for as long as somebody looks: a browser has few connections to give. */
function listen(onEdit) {
  let stream = null;
  let missed = false; // whether something may have been saved while nobody listened
  const open = () => {
    stream = new EventSource("/-/events");
    stream.addEventListener("edited", (event) => onEdit(JSON.parse(event.data)));
    stream.addEventListener("error", () => (missed = true));
    stream.addEventListener("open", () => {
      if (missed) onEdit([]);
      missed = false;
    });
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) return open();
    stream.close();
    missed = true;
  });
  open();
}

// ---------------------------------------------------------------- all campaigns

if (page === "overview") {
  /** Show the campaigns that were searched for, and say how many they are. */
  const filter = () => {
    const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    const kind = $("filters").elements.kind.value;
    const every = [...document.querySelectorAll("#rows li")];
    const fits = ({dataset}) => (!kind || dataset.kind === kind) && words.every((word) => dataset.search.includes(word));
    for (const row of every) row.hidden = !fits(row);
    const seen = every.filter((row) => !row.hidden).length;
    $("shown").textContent = every.length ? `${seen} of ${every.length}` : "";
  };
  $("filters").addEventListener("input", filter);
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  const refresh = region("rows", "/-/rows", filter);
  listen(refresh);
  refresh();
}

// ---------------------------------------------------------------- one campaign

const DEFAULTS = {as: "", width: "375", mode: "light", images: "on", view: "mail", brand: ""};
const chosen = {...DEFAULTS, ...Object.fromEntries(new URLSearchParams(location.search))};
const query = () => new URLSearchParams(chosen).toString();

function remember() {
  const different = Object.entries(chosen).filter(([key, value]) => value !== DEFAULTS[key]);
  const search = new URLSearchParams(different).toString();
  history.replaceState(null, "", search ? `?${search}` : location.pathname);
}

/** Show on every button for a person whether it is the one chosen. */
function press() {
  for (const button of document.querySelectorAll("button[data-who]"))
    button.setAttribute("aria-pressed", button.dataset.who === chosen.as);
}

function arrange() {
  const asText = chosen.view !== "mail";
  $("stage").className = `stage wide-${chosen.width} ${chosen.mode} ${asText ? "as-text" : ""}`;
  $("as-text").hidden = !asText;
  for (const input of $("choices").elements) {
    if (input.type === "radio") input.checked = chosen[input.name] === input.value;
    else if (input.name) input.value = chosen[input.name];
  }
  remember();
  press();
}

// The next version is written into a frame that is not seen yet, and scrolled to where the reader was.
// Writing takes half the time of loading, and keeps the policy that the empty frame was loaded with.
let frames = page === "campaign" ? [...document.querySelectorAll("iframe")] : [];
let turn = 0;
const PATIENCE = 150; // milliseconds for pictures that are slow to come

async function loadMail() {
  const mine = ++turn;
  const next = frames[1];
  const [html] = await Promise.all([text(`/${name}/mail?${query()}`), prepare(next)]);
  if (mine !== turn) return;
  const mail = next.contentDocument;
  mail.open();
  mail.write(html);
  mail.close();
  const began = performance.now();
  while (mail.readyState !== "complete" && performance.now() - began < PATIENCE) await nextFrame();
  if (mine === turn) swap();
}

const nextFrame = () => new Promise(requestAnimationFrame);

/** An empty frame that lets pictures in or not, as chosen. */
function prepare(frame) {
  if (frame.dataset.images === chosen.images) return null;
  frame.dataset.images = chosen.images;
  return new Promise((done) => {
    frame.addEventListener("load", done, {once: true});
    frame.src = `/-/blank?images=${chosen.images}`;
  });
}

function swap() {
  const [old, next] = frames;
  attend(next.contentDocument);
  next.contentWindow.scrollTo(0, old.contentWindow.scrollY);
  next.classList.remove("waiting");
  old.classList.add("waiting");
  for (const [frame, hidden] of [[next, false], [old, true]]) {
    frame.title = hidden ? "The next version of the mail" : "The mail";
    frame.toggleAttribute("aria-hidden", false);
    if (hidden) {
      frame.setAttribute("aria-hidden", "true");
      frame.tabIndex = -1;
    } else frame.removeAttribute("tabindex");
  }
  frames = [next, old];
  document.body.dataset.turn = turn;
}

/** In the mail, links are shown, not followed, and the keys work as around it. */
function attend(mail) {
  mail.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link) return;
    event.preventDefault();
    const target = link.getAttribute("href");
    if (target.startsWith("#")) mail.querySelector(`[name="${CSS.escape(target.slice(1))}"]`)?.scrollIntoView();
    else say(`This link leads to ${target}`);
  });
  mail.addEventListener("keydown", onKey);
}

let stateTurn = 0;
async function loadState() {
  const mine = ++stateTurn;
  try {
    const state = await ask(`/${name}/state?${query()}`);
    if (mine !== stateTurn) return;
    put("problem", state.problem);
    put("envelope", state.envelope);
    if ($("as-text").textContent !== state.as_text) $("as-text").textContent = state.as_text;
    document.title = state.subject ? `${state.subject} (${name})` : name;
  } catch (err) {
    say(err.message);
  }
}

/** The mail first: that is what somebody waits for. */
async function show() {
  if (chosen.view === "mail") await loadMail().catch((err) => say(err.message));
  await loadState();
}

function choose(changes) {
  Object.assign(chosen, changes);
  arrange();
  return show();
}

// ---------------------------------------------------------------- findings

const squeeze = (text) => text.replace(/\s+/g, " ").trim();

/** The smallest element of the mail that holds a text, an address or a piece of markup. */
function seek(mail, spot) {
  const every = [...mail.body.querySelectorAll("*")].reverse();
  const holds = (test) => every.find((one) => isSeen(one) && test(one));
  return (
    holds((one) => [...one.attributes].some(({name, value}) => ["href", "src", "alt"].includes(name) && value === spot)) ??
    holds((one) => one.outerHTML.startsWith(spot)) ??
    holds((one) => squeeze(one.textContent).includes(squeeze(spot))) ??
    holds((one) => [...one.attributes].some(({value}) => value.includes(spot)))
  );
}

const isSeen = (element) => element.checkVisibility({visibilityProperty: true}) && element.getClientRects().length > 0;

function highlight(element) {
  for (const lit of element.ownerDocument.querySelectorAll("[data-lit]")) {
    lit.style.outline = "";
    delete lit.dataset.lit;
  }
  element.dataset.lit = "";
  element.style.outline = "4px solid #d9480f";
  element.style.outlineOffset = "2px";
  element.scrollIntoView({block: "center"});
}

async function follow(button) {
  const {spot} = button.dataset;
  document.querySelector("#envelope .lit")?.classList.remove("lit");
  if (!spot) return say("This is not about one place in the mail: see the line of the file.");
  if (chosen.view !== "mail") await choose({view: "mail"});
  const element = seek(frames[0].contentDocument, spot);
  if (element) {
    highlight(element);
    $("stage").scrollIntoView({block: "nearest"});
  } else if ($("subject")?.textContent.includes(spot)) {
    $("subject").classList.add("lit");
    $("subject").scrollIntoView({block: "nearest"});
  } else await followInSource(spot);
}

/** What nobody sees, such as a preheader, is shown where it is written. */
async function followInSource(spot) {
  await choose({view: "source"});
  const text = $("as-text").textContent;
  const at = text.indexOf(spot);
  if (at < 0) {
    await choose({view: "mail"});
    return say("It is not in the mail of this person. Choose another variant.");
  }
  const mark = document.createElement("mark");
  mark.textContent = spot;
  $("as-text").replaceChildren(text.slice(0, at), mark, text.slice(at + spot.length));
  mark.scrollIntoView({block: "center"});
}

function step(selector, by) {
  const buttons = [...document.querySelectorAll(selector)];
  if (!buttons.length) return;
  const at = buttons.indexOf(document.activeElement);
  const next = buttons[(at + by + buttons.length + (at < 0 && by < 0)) % buttons.length];
  next.focus();
  next.click();
}

// ---------------------------------------------------------------- keys and clicks

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input:not([type=radio]), select, dialog")) return;
  const radio = [...$("choices").elements].find((one) => one.dataset.key === event.key);
  const others = {
    "/": () => $("search").focus(),
    "?": () => $("keys").showModal(),
    n: () => step(".findings button", 1),
    p: () => step(".findings button", -1),
    v: () => step(".variants button", 1),
  };
  if (!radio && !others[event.key]) return;
  event.preventDefault();
  if (radio) choose({[radio.name]: radio.value});
  else others[event.key]();
}

if (page === "campaign") {
  const refreshSide = region("side", `/${name}/side`, (found) => found.again || loadState()); // which variant it is
  const refreshSends = region("sends", `/${name}/sends`);
  const act = (what, body) => ask(`/${name}/${what}`, {method: "POST", headers: {"x-preview-token": token}, body});

  $("choices").addEventListener("change", ({target}) => choose({[target.name]: target.value}));
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", async ({target}) => {
    const button = target.closest("button");
    if (!button) return;
    if (button.id === "help") $("keys").showModal();
    else if (button.id === "again") await act("again").then(refreshSide, (err) => say(err.message));
    else if (button.closest(".findings")) follow(button);
    else if ("who" in button.dataset) choose({as: button.dataset.who});
  });

  let typed = 0;
  $("search").addEventListener("input", () => {
    clearTimeout(typed);
    typed = setTimeout(async () => {
      const wanted = $("search").value.trim();
      const people = wanted && (await text(`/${name}/people?${new URLSearchParams({q: wanted})}`).catch((err) => say(err.message)));
      if (wanted === $("search").value.trim()) put("found", people ?? "");
      press();
    }, 150);
  });

  $("address").value = localStorage.getItem("address") ?? "";
  $("test").addEventListener("submit", async (event) => {
    event.preventDefault();
    const address = $("address").value.trim();
    $("tested").textContent = "Sending…";
    try {
      $("tested").textContent = (await act("test", address)).message;
      localStorage.setItem("address", address);
    } catch (err) {
      $("tested").textContent = err.message;
    }
  });

  listen(async (edited) => {
    if (edited.length && !edited.includes(name)) return;
    await show();
    refreshSide();
  });
  arrange();
  show();
  refreshSide();
  refreshSends();
}

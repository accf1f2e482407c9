// The page: a preview as one types, answers without a new page, and every question in the address.
// Everything here is a shortcut for a link or a form that works without it; HTML comes from the server, escaped there.

const find = (selector, inside = document) => inside.querySelector(selector);
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
const said = find("#said");
const answerBox = find("#answer");
const functionField = find("#f");
const form = functionField?.form;

function announce(text) {
  said.textContent = "";
  requestAnimationFrame(() => (said.textContent = text));
}

// ------------------------------------------------------------------------------------------------ asking the server

const running = new Map(); // for every place on the page the question that it waits for

async function load(place, url) {
  running.get(place)?.abort();
  const control = new AbortController();
  running.set(place, control);
  place.setAttribute("aria-busy", "true");
  try {
    const reply = await fetch(url, { signal: control.signal, headers: { Accept: "text/html" } });
    const read = new DOMParser().parseFromString(await reply.text(), "text/html");
    return { ok: reply.ok, nodes: [...read.body.childNodes] };
  } catch (problem) {
    if (problem.name === "AbortError") return null;
    const told = document.createElement("p");
    told.className = "error";
    told.textContent = said.dataset.unreachable;
    return { ok: false, nodes: [told] };
  } finally {
    if (running.get(place) === control) {
      running.delete(place);
      place.setAttribute("aria-busy", "false");
    }
  }
}

async function show(place, url) {
  const reply = await load(place, url);
  if (reply) place.replaceChildren(...reply.nodes);
  return reply?.ok ?? false;
}

// -------------------------------------------------------------------------------------------------------- the query

function question() {
  const query = new URLSearchParams(new FormData(form));
  for (const [name, value] of [...query]) if (!value) query.delete(name);
  return query;
}

function setBy(names) {
  for (const field of all("input[name=by]", form)) field.remove();
  for (const name of names) {
    const field = Object.assign(document.createElement("input"), { type: "hidden", name: "by", value: name });
    form.append(field);
  }
}

function setField(name, value) {
  let field = form.elements.namedItem(name);
  if (!field) {
    if (!value) return;
    field = Object.assign(document.createElement("input"), { type: "hidden", name });
    form.append(field);
  }
  field.value = value ?? "";
}

function take(query) {
  for (const name of ["f", "let", "layout", "symmetric", "tab", "told", "level", "route", "lang"]) {
    setField(name, query.get(name));
  }
  setBy(query.getAll("by"));
  if (query.get("let")) find(".declare", form).open = true;
}

// A link of the header takes along what stands in the form now: to another language all, to another page the function.
function carry(link) {
  const fields = find("main form");
  if (!fields) return;
  const given = [...new FormData(fields)].filter(([name]) => name !== "lang");
  const names = link.closest(".languages") ? [...given.map(([name]) => name), "by"] : ["f", "by", "let"];
  const url = new URL(link.href);
  for (const name of names) url.searchParams.delete(name);
  for (const [name, value] of given) if (value && names.includes(name)) url.searchParams.append(name, value);
  link.href = url;
}

// ------------------------------------------------------------------------------------------------------ the preview

const preview = find("#preview");
let typing = 0;

async function look() {
  if (!functionField.value.trim()) return preview.replaceChildren();
  const query = question();
  query.delete("mine");
  const reply = await load(preview, `${preview.dataset.url}?${query}`);
  if (!reply) return;
  preview.classList.toggle("stale", !reply.ok);
  const shown = find(".formula", preview);
  const back = whereabouts();
  if (reply.ok || !shown) preview.replaceChildren(...reply.nodes);
  else {
    find(".error", preview)?.remove(); // what was read last stays, and the mistake is told below it
    preview.append(...reply.nodes);
  }
  back();
  mark();
}

// The chips of the variables that are asked for.
function mark() {
  const names = question().getAll("by");
  for (const chip of all(".chip", preview)) {
    const chosen = names.includes(chip.dataset.name);
    chip.classList.toggle("chosen", chosen);
    if (chosen) find("a.by", chip).setAttribute("aria-current", "true");
    else find("a.by", chip).removeAttribute("aria-current");
  }
  if (names.length) find(".pick", preview)?.remove();
}

// Where the reader is among the chips, and the way back after they were made anew.
function whereabouts() {
  const active = document.activeElement;
  const chip = active.closest?.(".chip");
  const opened = find(".chip details[open]", preview)?.closest(".chip").dataset.name;
  const part = active.matches?.("a.by") ? "a.by" : active.matches?.("summary") ? "summary" : "";
  const own = active.dataset?.part ? `[data-part="${active.dataset.part}"]` + (active.type === "checkbox" ? `[value="${active.value}"]` : "") : part;
  const named = (name) => all(".chip", preview).find((one) => one.dataset.name === name);
  return () => {
    const again = opened && named(opened);
    if (again) find("details", again).open = true;
    if (chip && own && !preview.contains(active)) find(own, named(chip.dataset.name) ?? preview)?.focus();
  };
}

function declare(name, said) {
  const kept = form.elements.let.value.split(";").flatMap((entry) => {
    const [heads, ...rest] = entry.split(":");
    const others = heads.split(",").filter((head) => head.trim() && head.trim() !== name);
    return rest.length && others.length ? [`${others.join(",").trim()}:${rest.join(":").trimEnd()}`] : [];
  });
  form.elements.let.value = [...kept, ...(said ? [`${name}: ${said}`] : [])].join("; ");
}

function edited(chip, part) {
  const dims = all("[data-part=rows], [data-part=columns]", chip);
  const properties = all("[data-part=property]:checked", chip).map((box) => box.value);
  const square = ["symmetric", "spd", "diagonal", "orthogonal", "triangular"];
  if (part.dataset.part === "forget") return declare(chip.dataset.name, "");
  if (part.checked && square.includes(part.value)) dims[1].value = dims[0].value;
  const [rows, columns] = dims.map((field) => field.value.trim() || "1");
  const declared = chip.classList.contains("declared") || part.type === "text";
  const shape = rows === "1" && columns === "1" ? "scalar" : columns === "1" ? `vector(${rows})` : `matrix(${rows},${columns})`;
  declare(chip.dataset.name, [...(declared ? [shape] : []), ...properties].join(" "));
}

// ------------------------------------------------------------------------------------------------------- the answer

async function ask(push = true) {
  const query = question();
  const url = `${location.pathname}?${query}`;
  if (push && url !== location.pathname + location.search) history.pushState(null, "", url);
  document.body.classList.add("asked");
  if (!(await show(answerBox, `${form.dataset.answer}?${query}`))) return announce(answerBox.textContent.trim());
  document.title = `${query.get("f").slice(0, 60)} · closedform`;
  announce(find(".answer .whole", answerBox).getAttribute("aria-label"));
  await openTab(query.get("tab") || "steps", false);
}

async function openTab(name, push = true) {
  const query = question();
  const panel = find("#panel");
  for (const tab of all("[role=tab]")) {
    const chosen = tab.dataset.tab === name;
    tab.setAttribute("aria-selected", chosen);
    tab.tabIndex = chosen ? 0 : -1;
  }
  panel.setAttribute("aria-labelledby", `tab-${name}`);
  if (push) {
    setField("tab", name === "steps" ? "" : name); // the first one is as usual
    history.replaceState(null, "", `${location.pathname}?${question()}`);
  }
  query.set("tab", name);
  if (await show(panel, `${panel.dataset.url}?${query}`)) prepare(panel);
}

// steps one at a time

function prepare(panel, one = false) {
  const reveal = find(".reveal", panel);
  if (!reveal) return;
  reveal.hidden = false;
  if (one) cover(panel, 1);
  else cover(panel, Infinity);
}

function cover(panel, count) {
  const steps = all(".steps > li", panel);
  steps.forEach((step, i) => (step.hidden = i >= count));
  const done = count >= steps.length;
  find("[data-reveal=one]", panel).hidden = find("[data-reveal=all]", panel).hidden = done;
  find("[data-reveal=none]", panel).hidden = !done || steps.length < 2;
  find(".proved", panel).hidden = !done;
}

function reveal(button) {
  const panel = find("#panel");
  const shown = all(".steps > li", panel).filter((step) => !step.hidden).length;
  cover(panel, { one: shown + 1, all: Infinity, none: 1 }[button.dataset.reveal]);
  const last = all(".steps > li", panel).filter((step) => !step.hidden).at(-1);
  announce(find("p", last).textContent);
  if (button.hidden) find(".reveal button:not([hidden])", panel)?.focus();
  last.scrollIntoView({ block: "nearest" });
}

// copying

async function copy(button) {
  const text = document.getElementById(button.dataset.copy).textContent;
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else {
    const field = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  const before = button.textContent;
  button.textContent = `✓ ${said.dataset.copied}`;
  announce(said.dataset.copied);
  setTimeout(() => (button.textContent = before), 1500);
}

// ----------------------------------------------------------------------------------------------------------- events

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (link?.matches(".languages a, nav a")) carry(link);
  if (link && (event.ctrlKey || event.metaKey || event.shiftKey || event.button)) return;
  const variable = event.target.closest(".preview .variable");
  const button = event.target.closest("button");
  if (variable) pick(variable.dataset.by);
  else if (link?.matches("a.by")) stop(event, () => pick(link.dataset.by));
  else if (link?.matches("[data-ask]") && answerBox) stop(event, () => go(link.href));
  else if (link?.matches("[data-tab]")) stop(event, () => openTab(link.dataset.tab));
  else if (link?.matches("[data-panel]")) stop(event, () => turn(link));
  else if (link?.matches("[data-declare]") && form) stop(event, () => mend(link.dataset.declare));
  else if (link?.matches("[data-hint]")) stop(event, hint);
  else if (button?.dataset.copy) copy(button);
  else if (button?.dataset.reveal) reveal(button);
  else if (button?.dataset.part) changed(button);
  else if (button?.id === "theme") switchTheme();
  for (const open of all(".chip details[open], .menu[open]")) if (!open.contains(event.target)) open.open = false;
});

function stop(event, then) {
  event.preventDefault();
  then();
}

function pick(name) {
  setBy([name]);
  setField("layout", "");
  mark();
  if (answerBox) ask();
}

function go(href) {
  take(new URL(href).searchParams);
  look();
  ask();
  window.scrollTo({ top: 0 });
}

function turn(link) {
  const query = new URL(link.href).searchParams;
  for (const name of ["told", "level", "route"]) setField(name, query.get(name));
  openTab("steps");
}

async function hint() {
  const panel = find("#panel");
  const next = find("[data-reveal=one]:not([hidden])", panel);
  if (next) return reveal(next);
  if (find(".steps", panel)) return;
  const query = new URL(find("#practice").dataset.question, location).searchParams;
  query.set("tab", "steps");
  if (await show(panel, `${panel.dataset.url}?${query}`)) prepare(panel, true);
}

function changed(part) {
  edited(part.closest(".chip"), part);
  again();
}

function mend(declaration) {
  const [name, said] = declaration.split(": ");
  declare(name, said);
  find(".declare", form).open = true;
  again();
}

function again() {
  look();
  if (question().has("by") && answerBox) ask();
}

document.addEventListener("change", (event) => {
  if (event.target.dataset.part) changed(event.target);
});

document.addEventListener("submit", async (event) => {
  const { part, into } = event.target.dataset;
  if (event.target === form && answerBox) {
    event.preventDefault();
    clearTimeout(typing);
    await look();
    const names = all(".chip", preview).map((chip) => chip.dataset.name);
    const kept = question().getAll("by").filter((name) => names.includes(name));
    setBy(kept);
    if (kept.length) return ask();
    if (names.length === 1) return pick(names[0]);
    find(".chip a.by", preview)?.focus();
    announce(find(".advice", preview)?.textContent ?? preview.textContent.trim());
  } else if (part) {
    event.preventDefault();
    const query = new URLSearchParams(new FormData(event.target));
    history.replaceState(null, "", `${location.pathname}?${query}`);
    const asked = event.target.dataset.question;
    const whole = asked ? new URL(asked, location).searchParams : query;
    if (asked) whole.set("mine", query.get("mine"));
    const place = document.getElementById(into);
    await show(place, `${part}?${whole}`);
    announce(place.textContent.trim().slice(0, 300));
  }
});

document.addEventListener("keydown", (event) => {
  const tab = event.target.closest?.("[role=tab]");
  if (tab) {
    const tabs = all("[role=tab]");
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
      next.focus();
      openTab(next.dataset.tab);
    } else if (event.key === " ") stop(event, () => openTab(tab.dataset.tab));
  }
  if (event.key === "Escape") {
    const open = event.target.closest?.(".chip details[open], .menu[open]");
    if (open) {
      open.open = false;
      find("summary", open).focus();
    }
  }
});

functionField?.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(look, 100);
});
form?.elements.namedItem("let")?.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(look, 250);
});

window.addEventListener("popstate", () => {
  const query = new URLSearchParams(location.search);
  if (!answerBox || !query.get("f") || !query.has("by")) return location.reload();
  take(query);
  look();
  ask(false);
});

// ------------------------------------------------------------------------------------------------------------ theme

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch {
    // storage is off: the choice lasts as long as the page
  }
}

find("#theme").hidden = false;
if (find("#panel")) prepare(find("#panel"));

// A derivative with switches.  Python computes, checks and escapes; here it is shown, and choices are passed on.

const PARTS = ["answer", "told", "source"];

function make(tag, attributes = {}, ...inside) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...inside);
  return made;
}

function choice({ name, label, values }) {
  const options = values.map(([value, said]) => make("option", { value, textContent: said }));
  return make("label", {}, label, make("select", { name }, ...options));
}

// Steps one by one, or all of them; how many of them are open is not passed on.
function reveal(box, model) {
  const steps = [...box.querySelectorAll(".steps > li")];
  const buttons = box.querySelector(".reveal");
  if (!buttons) return;
  const button = (which) => buttons.querySelector(`[data-reveal="${which}"]`);
  let open = model.get("reveal") === "all" ? steps.length : 1;
  const show = () => {
    steps.forEach((step, i) => (step.hidden = i >= open));
    const whole = open >= steps.length;
    button("one").disabled = button("all").disabled = whole;
    button("none").disabled = open === 1;
    box.querySelector(".proved").hidden = !whole;
  };
  button("one").onclick = () => {
    open += 1;
    show();
    steps[open - 1].querySelector(".formula").focus();
  };
  const jump = (to, order, next) => () => {
    open = to;
    show();
    button(next).focus();
    model.set("reveal", order);
    model.save_changes();
  };
  button("all").onclick = jump(steps.length, "all", "none");
  button("none").onclick = jump(1, "one", "one");
  buttons.hidden = false;
  show();
}

function render({ model, el }) {
  const controls = make("fieldset");
  const boxes = Object.fromEntries(PARTS.map((name) => [name, make("div", { className: name })]));
  const status = make("span", { role: "status" });
  const text = make("textarea", { readOnly: true, hidden: true, rows: 4 });
  const copies = ["latex", "code"].map((name) => {
    const button = make("button", { type: "button" });
    button.onclick = () => copy(model.get(name), button);
    return [name, button];
  });
  const buttons = make("p", {}, ...copies.flatMap(([, button]) => [button, " "]), status);
  const root = make("div", { className: "closedform" }, controls, boxes.answer, boxes.told, buttons, text, boxes.source);

  async function copy(what, button) {
    const words = model.get("words");
    try {
      await navigator.clipboard.writeText(what);
      text.hidden = true;
      status.textContent = words.copied;
    } catch {
      text.hidden = false; // a frame without the permission: the reader copies by hand
      text.value = what;
      text.ariaLabel = button.textContent;
      text.select();
      status.textContent = words.not_copied;
    }
  }

  const order = () => reveal(boxes.told, model);

  function show() {
    const words = model.get("words");
    if (controls.lang !== model.get("lang")) {
      const at = root.getRootNode().activeElement?.name;
      controls.replaceChildren(...model.get("controls").map(choice));
      controls.ariaLabel = words.choices;
      controls.lang = model.get("lang");
      controls.elements.namedItem(at)?.focus();
    }
    for (const select of controls.elements) select.value = model.get(select.name);
    for (const name of PARTS) boxes[name].innerHTML = model.get(name);
    order();
    for (const [name, button] of copies) {
      button.textContent = words[`copy_${name}`];
      button.disabled = !model.get(name);
    }
    status.textContent = "";
    text.hidden = true;
    root.lang = model.get("lang");
    root.setAttribute("aria-busy", "false");
  }

  controls.onchange = ({ target }) => {
    root.setAttribute("aria-busy", "true");
    model.set(target.name, target.value);
    model.save_changes();
  };
  model.on("change:done", show);
  model.on("change:reveal", order);
  el.append(root);
  show();
  return () => {
    model.off("change:done", show);
    model.off("change:reveal", order);
  };
}

export default { render };

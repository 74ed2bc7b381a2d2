// What the pages gain with JavaScript. Without it every form and every link does
// the same by a full page.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  pickers();
  document.querySelectorAll("form[data-live]").forEach(live);
  document.querySelectorAll("form[data-live-post]").forEach((form) => {
    form.setAttribute("hx-post", form.getAttribute("action"));
    swap(form, form.dataset.livePost, "submit");
    htmx.process(form);
  });
  document.querySelectorAll("form[data-try]").forEach(tryOut);
  document.querySelectorAll("#events").forEach(feed);
});

// swap makes a form replace a part of the page by the same part of the answer.
function swap(form, part, trigger) {
  form.setAttribute("hx-target", part);
  form.setAttribute("hx-select", part);
  form.setAttribute("hx-swap", "outerHTML");
  form.setAttribute("hx-trigger", trigger);
}

// live sends a form of filters whenever one of them changes; the address follows.
function live(form) {
  form.classList.add("js");
  const known = form.querySelector("[name=known]"), at = form.querySelector(".known-at");
  const show = () => { if (at) at.classList.toggle("on", known.value === "at"); };
  if (known) known.addEventListener("change", show);
  show();
  form.querySelectorAll("[data-slider]").forEach((range) => slider(form, range));
  form.setAttribute("hx-get", form.getAttribute("action"));
  form.setAttribute("hx-push-url", "true");
  swap(form, form.dataset.live, "change delay:150ms, submit");
  htmx.process(form);
}

// Days are typed and read as dd/mm/yyyy, whatever the language of the browser is; in
// addresses and in the ledger they are yyyy-mm-dd.
function ledgerDay(s) {
  const m = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$|^(\d{2})(\d{2})(\d{4})$/.exec(s.trim());
  return m ? (m[3] || m[6]) + "-" + (m[2] || m[5]).padStart(2, "0") + "-" + (m[1] || m[4]).padStart(2, "0") : s.trim();
}

function readDay(s) {
  const day = ledgerDay(s);
  return /^\d{4}-\d{2}-\d{2}$/.test(day) ? day.split("-").reverse().join("/") : s;
}

document.addEventListener("formdata", (e) => {
  e.target.querySelectorAll("[data-date]").forEach((f) => { if (e.formData.has(f.name)) e.formData.set(f.name, ledgerDay(f.value)); });
});
document.addEventListener("change", (e) => {
  if (e.target.matches("[data-date]")) e.target.value = readDay(e.target.value);
}, true);

// pickers put the browser's calendar beside each day.
function pickers() {
  document.querySelectorAll("[data-date]").forEach((field) => {
    const calendar = document.createElement("input"), button = document.createElement("button");
    if (field.parentElement.classList.contains("picks") || !calendar.showPicker) return;
    field.parentElement.classList.add("picks");
    calendar.type = "date";
    calendar.tabIndex = -1;
    calendar.setAttribute("aria-hidden", "true");
    button.type = "button";
    button.className = "pick noprint";
    button.setAttribute("aria-label", field.dataset.date);
    button.addEventListener("click", () => {
      calendar.value = ledgerDay(field.value);
      calendar.showPicker();
    });
    calendar.addEventListener("change", (e) => {
      e.stopPropagation();
      if (!calendar.value) return;
      field.value = readDay(calendar.value);
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
    field.after(button, calendar);
  });
}
document.addEventListener("htmx:after:swap", pickers);

const day = 86400000;

// slider moves a date field between two days.
function slider(form, range) {
  const field = form.querySelector("[name=" + range.dataset.slider + "]");
  const first = Date.parse(range.dataset.first), last = Date.parse(range.dataset.last);
  if (!(last > first)) return;
  range.min = 0;
  range.max = Math.round((last - first) / day);
  const at = () => Math.round((Date.parse(ledgerDay(field.value)) - first) / day);
  range.value = at();
  const say = () => range.setAttribute("aria-valuetext", field.value);
  range.addEventListener("input", () => {
    field.value = readDay(new Date(first + range.value * day).toISOString().slice(0, 10));
    say();
  });
  field.addEventListener("change", () => {
    if (field.value) range.value = at();
    say();
  });
  say();
  range.closest("[hidden]").hidden = false;
}

// tryOut asks what the rules say to a form while it is filled in.
function tryOut(form) {
  const box = form.querySelector(form.dataset.try);
  if (box.firstElementChild) box.scrollIntoView({ block: "center" });
  let turn = 0;
  form.addEventListener("change", async () => {
    if (!form.checkValidity()) return;
    const mine = ++turn, data = new URLSearchParams(new FormData(form));
    data.set("do", "try");
    const answer = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "text/html" } });
    if (mine !== turn) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const said = page.querySelector(form.dataset.try);
    if (said) box.replaceChildren(...said.childNodes);
  });
}

// feed says that the list goes on by itself, and keeps it short.
function feed(list) {
  const line = document.getElementById("live");
  list.addEventListener("htmx:sse:after:connection", () => {
    line.textContent = line.dataset.liveText;
    line.hidden = false;
  });
  list.addEventListener("htmx:sse:after:message", () => {
    list.querySelectorAll("li.none").forEach((li) => li.remove());
    while (list.children.length > 200) list.lastElementChild.remove();
  });
}

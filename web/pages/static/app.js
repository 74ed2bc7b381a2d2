// What the pages gain with JavaScript. Without it every form and every link does
// the same by a full page.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
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

const day = 86400000;

// slider moves a date field between two days.
function slider(form, range) {
  const field = form.querySelector("[name=" + range.dataset.slider + "]");
  const first = Date.parse(range.dataset.first), last = Date.parse(range.dataset.last);
  if (!(last > first)) return;
  range.min = 0;
  range.max = Math.round((last - first) / day);
  range.value = Math.round((Date.parse(field.value) - first) / day);
  const say = () => range.setAttribute("aria-valuetext", field.value.split("-").reverse().join("/"));
  range.addEventListener("input", () => {
    field.value = new Date(first + range.value * day).toISOString().slice(0, 10);
    say();
  });
  field.addEventListener("change", () => {
    if (field.value) range.value = Math.round((Date.parse(field.value) - first) / day);
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

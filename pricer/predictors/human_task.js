"use strict";
const main = document.querySelector("main");
const task = main.dataset.task, dollars = main.dataset.dollars === "1";
const cards = [...document.querySelectorAll(".card")];
const kept = "llm-assay-task-" + task;
const name = document.getElementById("name"), saved = document.getElementById("saved");
let storable = true, unsaved = false;

const fieldOf = card => card.querySelector("input[type=text].answer");
const answerOf = card => {
  const field = fieldOf(card);
  return field ? field.value.trim() : (card.querySelector("input[type=radio]:checked") || { value: "" }).value;
};
const noteOf = card => card.querySelector(".note input").value.trim();

function fault(text) {
  let bare = text.replace(/[\s\u00a0\u202f]/g, "");
  if (!bare) return "";
  if (dollars) bare = bare.replace(/^(us\$|\$|usd)/i, "").replace(/(us\$|\$|usd|dollars)$/i, "");
  if (/\d[-–—~]\d/.test(bare)) return "One number, please, not a range.";
  if (dollars && /^\d{1,3}\.\d{3}$/.test(bare)) return "Thousand, or three decimals? Please write it plainly.";
  const number = /^[-+]?(\d{1,3}([.,]\d{3})+|\d+)([.,]\d+)?$|^[-+]?[.,]\d+$/.test(bare) || (!dollars && Number.isFinite(Number(bare)));
  return number ? (dollars && bare.startsWith("-") ? "A price is not below zero." : "") : "This cannot be read as a number.";
}

function answers() {
  return {
    format: "llm-assay-answers", version: 1, task: task, name: name.value.trim(),
    answers: cards.map(card => ({ code: card.dataset.code, answer: answerOf(card), note: noteOf(card) }))
      .filter(one => one.answer || one.note),
  };
}

function keep() {
  try {
    localStorage.setItem(kept, JSON.stringify(answers()));
    unsaved = false;
  } catch (error) {
    storable = false;
    unsaved = true;
  }
  saved.textContent = storable ? "Kept in this browser." : "This browser keeps nothing: download before you close the page.";
}

function tell(card) {
  const answer = answerOf(card), field = fieldOf(card), wrong = field ? fault(answer) : "";
  card.classList.toggle("done", Boolean(answer) && !wrong);
  if (field) {
    card.querySelector(".fault").textContent = wrong;
    field.setAttribute("aria-invalid", wrong ? "true" : "false");
  }
  card.querySelector(".clear").hidden = !answer;
}

function count() {
  const done = cards.filter(card => card.classList.contains("done")).length;
  document.getElementById("done").textContent = String(done);
  document.getElementById("bar").value = done;
  document.getElementById("next").hidden = done === cards.length;
  document.getElementById("all").hidden = done !== cards.length;
}

function changed(card) {
  tell(card);
  count();
  keep();
}

function recall() {
  let told = null;
  try { told = JSON.parse(localStorage.getItem(kept)); } catch (error) { storable = false; }
  if (!told || told.task !== task || !Array.isArray(told.answers)) return;
  name.value = String(told.name || "");
  const found = new Map(told.answers.map(one => [one.code, one]));
  for (const card of cards) {
    const one = found.get(card.dataset.code);
    if (!one) continue;
    const field = fieldOf(card);
    if (field) field.value = String(one.answer || "");
    else for (const radio of card.querySelectorAll("input[type=radio]")) radio.checked = radio.value === one.answer;
    card.querySelector(".note input").value = String(one.note || "");
    card.querySelector(".note").open = Boolean(one.note);
  }
}

function focus(card) {
  const aim = fieldOf(card) || card.querySelector("input[type=radio]:checked") || card.querySelector("input[type=radio]");
  aim.focus({ preventScroll: true });
  const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
  card.scrollIntoView({ block: "start", behavior: reduced ? "auto" : "smooth" });
}

function next(from) {
  const order = [...cards.slice(from + 1), ...cards.slice(0, from + 1)];
  const open = order.find(card => !card.classList.contains("done"));
  if (open) focus(open);
  else document.getElementById("download").focus();
}

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(answers(), null, 1) + "\n"], { type: "application/json" }));
  link.download = "answers-" + task + ".json";
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  unsaved = false;
  document.getElementById("copy").value = JSON.stringify(answers());
  document.getElementById("fallback").hidden = false;
}

recall();
cards.forEach((card, place) => {
  tell(card);
  card.addEventListener("input", () => changed(card));
  card.querySelector(".clear").addEventListener("click", () => {
    if (fieldOf(card)) fieldOf(card).value = "";
    for (const radio of card.querySelectorAll("input[type=radio]")) radio.checked = false;
    changed(card);
    focus(card);
  });
  card.addEventListener("keydown", event => {
    if (event.key !== "Enter" || event.isComposing || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    next(place);
  });
});
name.addEventListener("input", keep);
document.getElementById("next").addEventListener("click", () => next(-1));
document.getElementById("download").addEventListener("click", download);
addEventListener("beforeunload", event => { if (unsaved) event.preventDefault(); });
document.documentElement.classList.add("scripted");
count();

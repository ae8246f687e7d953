// Charts in SVG. Every word goes in as text, so that nothing from the data is taken for markup.
"use strict";
var SVG = "http://www.w3.org/2000/svg";

function at(id) { return document.getElementById(id); }

function element(name, text, into, kind) {
  var made = document.createElement(name);
  if (text !== undefined && text !== null) { made.textContent = text; }
  if (kind) { made.className = kind; }
  if (into) { into.appendChild(made); }
  return made;
}

function shape(name, attributes, into) {
  var made = document.createElementNS(SVG, name);
  Object.keys(attributes).forEach(function (key) { made.setAttribute(key, attributes[key]); });
  into.appendChild(made);
  return made;
}

function count(value) { return value.toLocaleString("en-US"); }

function figure(value) {
  if (value === null || value === undefined) { return "–"; }
  var size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e7)) { return value.toExponential(2).replace("e+", "e").replace(/\.?0+e/, "e"); }
  return value.toLocaleString("en-US", { maximumFractionDigits: size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 4 });
}

function duration(seconds) {
  if (seconds === null || seconds === undefined) { return "unknown"; }
  if (seconds > 0 && seconds < 10) { return seconds.toFixed(1) + " s"; }
  var whole = Math.round(seconds), hours = Math.floor(whole / 3600), minutes = Math.floor(whole % 3600 / 60);
  if (hours >= 48) { return Math.round(hours / 24) + " days"; }
  if (hours) { return hours + " h " + minutes + " min"; }
  return minutes ? minutes + " min " + whole % 60 + " s" : whole + " s";
}

// Round places between two ends, about `wanted` of them.
function ticks(low, high, wanted) {
  var rough = (high - low) / wanted, power = Math.pow(10, Math.floor(Math.log10(rough)));
  var step = [1, 2, 5, 10].map(function (each) { return each * power; }).find(function (each) { return each >= rough * 0.999; });
  var found = [];
  for (var number = Math.ceil(low / step - 1e-9); number * step <= high + step * 1e-9; number += 1) { found.push(number * step); }
  return found.map(function (value) { return Math.abs(value) < step * 1e-6 ? 0 : Number(value.toPrecision(10)); });
}

function logarithmicTicks(low, high) {
  var found = [];
  for (var power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    [1, 2, 5].forEach(function (each) { found.push(Number((each * Math.pow(10, power)).toPrecision(3))); });
  }
  found = found.filter(function (value) { return value >= low && value <= high; });
  while (found.length > 6) { found = found.filter(function (_, place) { return place % 2 === 0; }); }
  return found.length > 1 ? found : [low, high];
}

function chart(host) { return new Chart(host); }

function Chart(host) {
  this.host = host;
  this.told = null;
  this.cursor = null;
  this.svg = shape("svg", { role: "img" }, host);
  this.tip = element("div", null, host, "tip");
  this.tip.hidden = true;
  var self = this;
  host.tabIndex = 0;
  host.addEventListener("pointermove", function (event) { self.point(self.stepAt(event.clientX - host.getBoundingClientRect().left)); });
  host.addEventListener("pointerleave", function () { self.point(null); });
  host.addEventListener("blur", function () { self.point(null); });
  host.addEventListener("keydown", function (event) { self.key(event); });
  new ResizeObserver(function () { if (self.told) { self.draw(self.told); } }).observe(host);
}

// told: {label, end, series: [{name, kind, steps, values, dots}], marks: [{step, value}], epochs, empty, unit, zero}; later series lie above.
Chart.prototype.draw = function (told) {
  this.told = told;
  var values = [].concat.apply([], told.series.map(function (each) { return each.values; })), width = this.host.clientWidth, height = this.host.clientHeight;
  this.svg.replaceChildren();
  this.svg.setAttribute("width", width);
  this.svg.setAttribute("height", height);
  this.svg.setAttribute("aria-label", this.words());
  if (!values.length) { this.places = null; return this.blank(told.empty || "nothing measured yet", width, height); }
  this.scale(values, width, height);
  this.axes(width);
  told.series.forEach(function (each) { this.line(each); }, this);
  (told.marks || []).forEach(function (mark) { shape("circle", { cx: this.x(mark.step), cy: this.y(mark.value), r: 6.5, class: "best" }, this.svg); }, this);
  this.point(this.cursor);
};

Chart.prototype.words = function () {
  return this.told.label + ". " + this.told.series.filter(function (each) { return each.name; }).map(function (each) {
    return each.name + (each.values.length ? ": from " + figure(each.values[0]) + " to " + figure(each.values[each.values.length - 1]) : ": nothing yet");
  }).join("; ");
};

Chart.prototype.blank = function (text, width, height) {
  this.tip.hidden = true;
  shape("text", { x: width / 2, y: height / 2, "text-anchor": "middle", class: "blank" }, this.svg).textContent = text;
};

// Logarithmic where the largest value is over thirty times the smallest, or a loss that falls fast would leave its end flat.
Chart.prototype.scale = function (values, width, height) {
  var low = values.reduce(function (a, b) { return Math.min(a, b); }), high = values.reduce(function (a, b) { return Math.max(a, b); });
  var rises = this.told.logarithmic && low > 0 && high / low > 30;
  if (this.told.zero) { low = Math.min(0, low); }
  if (low === high) { var half = Math.abs(low) * 0.1 || 1; low -= half; high += half; }
  var turn = rises ? Math.log : function (value) { return value; };
  var margin = (turn(high) - turn(low)) * 0.06, bottom = turn(low) - (this.told.zero ? 0 : margin), span = turn(high) + margin - bottom;
  this.rises = rises;
  this.ends = rises ? [Math.exp(bottom), Math.exp(bottom + span)] : [bottom, bottom + span];
  this.marked = rises ? logarithmicTicks(this.ends[0], this.ends[1]) : ticks(this.ends[0], this.ends[1], 5);
  var letters = this.marked.map(function (value) { return figure(value).length; }).reduce(function (a, b) { return Math.max(a, b); });
  var end = Math.max(1, this.told.end || 1);
  this.places = { left: Math.max(48, 10 + 7 * letters), right: width - 12, top: 8, bottom: height - 22, end: end };
  var places = this.places;
  this.x = function (step) { return places.left + (places.right - places.left) * step / end; };
  this.y = function (value) { return places.bottom - (places.bottom - places.top) * (turn(value) - bottom) / span; };
};

Chart.prototype.axes = function () {
  var places = this.places;
  this.marked.forEach(function (value) {
    shape("line", { x1: places.left, x2: places.right, y1: this.y(value), y2: this.y(value), class: "grid" }, this.svg);
    shape("text", { x: places.left - 6, y: this.y(value) + 4, "text-anchor": "end", class: "tick" }, this.svg).textContent = figure(value);
  }, this);
  (this.told.epochs || []).forEach(function (step) {
    shape("line", { x1: this.x(step), x2: this.x(step), y1: places.top, y2: places.bottom, class: "epoch" }, this.svg);
  }, this);
  var wanted = Math.max(2, Math.min(6, Math.floor((places.right - places.left) / 80)));
  var last = this.x(places.end) - 8 * count(places.end).length - 14;  // where the number of the last step needs its place
  ticks(0, places.end, wanted).filter(function (value) { return value === Math.round(value) && this.x(value) < last; }, this).concat(places.end).forEach(function (value) {
    var anchor = value === places.end ? "end" : value ? "middle" : "start";
    shape("text", { x: this.x(value), y: places.bottom + 16, "text-anchor": anchor, class: "tick" }, this.svg).textContent = count(value);
  }, this);
  shape("line", { x1: places.left, x2: places.right, y1: places.bottom, y2: places.bottom, class: "axis" }, this.svg);
};

Chart.prototype.line = function (each) {
  if (each.values.length > 1) {
    var path = each.steps.map(function (step, place) { return this.x(step).toFixed(1) + " " + this.y(each.values[place]).toFixed(1); }, this);
    shape("path", { d: "M" + path.join("L"), class: "line " + each.kind }, this.svg);
  }
  if (each.dots && each.values.length <= 60 || each.values.length === 1) {
    each.steps.forEach(function (step, place) { shape("circle", { cx: this.x(step), cy: this.y(each.values[place]), r: 3, class: "dot " + each.kind }, this.svg); }, this);
  }
};

Chart.prototype.stepAt = function (across) {
  if (!this.places) { return null; }
  return Math.round(Math.max(0, Math.min(1, (across - this.places.left) / (this.places.right - this.places.left))) * this.places.end);
};

Chart.prototype.key = function (event) {
  var move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "Escape") { this.point(null); }
  if (!move || !this.places) { return; }
  event.preventDefault();
  var steps = this.told.series.filter(function (each) { return each.name; }).map(function (each) { return each.steps; });
  var all = Array.from(new Set([].concat.apply([], steps))).sort(function (a, b) { return a - b; }), now = this.cursor;
  var next = now === null ? all[move > 0 ? 0 : all.length - 1] : move > 0 ? all.find(function (step) { return step > now; }) : all.filter(function (step) { return step < now; }).pop();
  if (next !== undefined) { this.point(next); }
};

// Shows what each named line was at the measurement nearest to a step.
Chart.prototype.point = function (step) {
  this.cursor = step;
  this.svg.querySelectorAll(".cursor").forEach(function (old) { old.remove(); });
  var named = this.told && this.told.series.filter(function (each) { return each.name && each.steps.length; });
  this.tip.hidden = step === null || !this.places || !named.length;
  if (this.tip.hidden) { return; }
  this.tip.replaceChildren();
  element("b", "step " + count(step), this.tip);
  shape("line", { x1: this.x(step), x2: this.x(step), y1: this.places.top, y2: this.places.bottom, class: "cursor" }, this.svg);
  named.forEach(function (each) {
    var place = nearest(each.steps, step), off = each.steps[place] === step ? "" : "  (step " + count(each.steps[place]) + ")";
    element("span", each.name + " " + figure(each.values[place]) + off, this.tip, "key " + each.kind);
    shape("circle", { cx: this.x(each.steps[place]), cy: this.y(each.values[place]), r: 4, class: "cursor dot " + each.kind }, this.svg);
  }, this);
  var wide = this.tip.offsetWidth, after = this.x(step) + 10, fits = after + wide <= this.host.clientWidth;
  this.tip.style.left = Math.max(0, fits ? after : this.x(step) - 10 - wide) + "px";
};

function nearest(steps, step) {
  var low = 0, high = steps.length - 1;
  while (low < high) {
    var middle = (low + high) >> 1;
    if (steps[middle] < step) { low = middle + 1; } else { high = middle; }
  }
  return low > 0 && step - steps[low - 1] <= steps[low] - step ? low - 1 : low;
}

function epochs(perEpoch, steps) {
  var all = Math.floor(steps / perEpoch);
  if (!perEpoch || all < 1 || all > 30) { return []; }
  return Array.from({ length: all }, function (_, place) { return (place + 1) * perEpoch; }).filter(function (step) { return step < steps; });
}

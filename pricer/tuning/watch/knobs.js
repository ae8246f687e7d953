// Controls move among runs that took place; a combination that was not run says so and shows the nearest that was.
(function () {
  var NEAR = 3;
  var told = JSON.parse(at("data").textContent), runs = told.runs, controls = told.controls;
  var chosen = runs[0].at.slice(), inputs = [], charts = {};
  var measures = Array.from(new Set([].concat.apply([], runs.map(function (run) { return Object.keys(run.final); }))));

  function setting(control, place) {
    var value = control.settings[place];
    return value === null ? "not told" : typeof value === "number" ? figure(value) : String(value);
  }

  // How far apart two settings of a control are, from 0 to 1.
  function apart(control, one, other) {
    return one === other ? 0 : control.number ? Math.max(0.05, Math.abs(control.places[one] - control.places[other])) : 1;
  }

  function distance(run) {
    return controls.reduce(function (sum, control, number) { return sum + apart(control, chosen[number], run.at[number]); }, 0);
  }

  function ranked() {
    return runs.map(function (run, place) { return { run: run, far: distance(run), place: place }; }).sort(function (a, b) { return a.far - b.far || a.place - b.place; });
  }

  // --- controls

  function slider(control, number) {
    var box = element("div", null, at("knobs"), "knob"), label = element("label", null, box), input = element("input", null, box);
    element("span", control.words, label);
    var shown = element("output", null, label), stops = element("div", null, box, "stops");
    input.type = "range";
    input.min = 0;
    input.max = control.settings.length - 1;
    input.id = label.htmlFor = "knob-" + number;
    input.name = control.name;
    input.addEventListener("input", function () { choose(number, Number(input.value)); });
    stops.setAttribute("aria-hidden", "true");
    if (control.settings.length <= 6) { control.settings.forEach(function (_, place) { element("span", setting(control, place), stops); }); }
    return function (place) {
      input.value = place;
      input.setAttribute("aria-valuetext", setting(control, place));
      shown.textContent = setting(control, place);
    };
  }

  function choices(control, number) {
    var box = element("fieldset", null, at("knobs"), "knob"), row;
    element("legend", control.words, box);
    row = element("div", null, box, "choices");
    var made = control.settings.map(function (_, place) {
      var label = element("label", null, row), input = element("input", null, label);
      input.type = "radio";
      input.name = control.name;
      element("span", setting(control, place), label);
      input.addEventListener("change", function () { choose(number, place); });
      return input;
    });
    return function (place) { made[place].checked = true; };
  }

  function choose(number, place) {
    chosen[number] = place;
    show();
  }

  function take(run) {
    chosen = run.at.slice();
    show();
  }

  // --- the run shown

  function differences(run) {
    return controls.map(function (control, number) {
      return run.at[number] === chosen[number] ? null : control.words + " " + setting(control, run.at[number]);
    }).filter(Boolean).join(", ");
  }

  function run_button(run, text, into) {
    var made = element("button", text, into);
    made.type = "button";
    made.addEventListener("click", function () { take(run); });
    return made;
  }

  function figures(run, into) {
    var list = element("dl", null, into, "figures"), schedule = run.schedule;
    function add(name, value) {
      var box = element("div", null, list);
      element("dt", name, box);
      element("dd", value, box);
    }
    Object.keys(run.final).forEach(function (name) { add(name, figure(run.final[name])); });
    if (schedule.steps) { add("steps", count(schedule.steps)); }
    if (schedule.effective_batch) { add("examples a step", count(schedule.effective_batch)); }
    if (schedule.warmup_steps !== undefined) { add("warm-up steps", count(schedule.warmup_steps)); }
  }

  function card(order) {
    var run = order[0].run, exact = order[0].far === 0, same = order.filter(function (each) { return each.far === 0; });
    var box = at("card"), line = element("p");
    box.replaceChildren(line);
    box.className = exact ? "card" : "card missing";
    element("b", exact ? "Run: " : "Not run. ", line);
    line.append(exact ? "" : "Nobody measured these settings. Shown instead is the nearest recorded run: ");
    element("strong", run.label, line);
    line.append(run.label === run.id ? "" : " (" + run.id + ")", exact ? "" : ", which has " + differences(run));
    figures(run, box);
    var others = exact ? same.slice(1) : order.slice(0, NEAR);
    if (!others.length && exact) { return; }
    element("p", exact ? "Also run with these settings:" : "Recorded are, instead of what is set above:", box, "note");
    var row = element("div", null, box, "near");
    others.forEach(function (each) { run_button(each.run, exact ? each.run.label : differences(each.run), row); });
  }

  // --- charts

  function section(name, title) {
    var box = element("section", null, at("charts")), head = element("div", null, box, "head");
    element("h3", title, head);
    charts[name] = { head: head, drawn: chart(element("div", null, box, "plot")) };
  }

  function line(run, name, kind, key, more) {
    return Object.assign({ name: name, kind: kind, steps: run.curves[key][0], values: run.curves[key][1] }, more);
  }

  function draw(name, run, key, lines, more) {
    var others = runs.filter(function (each) { return each !== run; }).map(function (each) { return line(each, null, "other", key); }), head = charts[name].head;
    var all = others.concat(lines), end = all.reduce(function (most, each) { return each.steps.reduce(function (a, b) { return Math.max(a, b); }, most); }, 1);
    while (head.children.length > 1) { head.lastChild.remove(); }
    lines.forEach(function (each) { if (each.name) { element("span", each.name + (each.values.length ? " " + figure(each.values[each.values.length - 1]) : ""), head, "key " + each.kind); } });
    charts[name].drawn.draw(Object.assign({ label: charts[name].head.firstChild.textContent + " of " + run.label, series: all, end: end }, more));
  }

  function curves(run) {
    var smooth = run.curves.smooth[0].length ? "smooth" : "train";
    draw("validation", run, "validation", [line(run, "validation", "validation thick", "validation", { dots: true })], { logarithmic: true });
    if (charts.metric) { draw("metric", run, "metric", [line(run, "validation", "metric thick", "metric", { dots: true })], {}); }
    draw("train", run, smooth, [line(run, smooth === "smooth" ? "training, smoothed" : "training", "train thick", smooth)], { logarithmic: true });
    draw("rate", run, "planned", [line(run, "learning rate, planned", "rate thick", "planned")], { zero: true });
  }

  // --- all runs

  function table(run, exact) {
    at("runs").replaceChildren();
    runs.forEach(function (each) {
      var row = element("tr", null, at("runs"), each === run ? "top" : "");
      run_button(each, each.label, element("th", null, row)).setAttribute("aria-pressed", String(each === run && exact));
      row.firstChild.scope = "row";
      row.firstChild.className = "left";
      controls.forEach(function (control, number) { element("td", setting(control, each.at[number]), row); });
      measures.forEach(function (name) { element("td", figure(each.final[name]), row); });
    });
  }

  function show() {
    var order = ranked(), held = document.activeElement && document.activeElement.closest("#runs tr");
    var place = held ? Array.from(at("runs").children).indexOf(held) : -1;
    chosen.forEach(function (setting, number) { inputs[number](setting); });
    card(order);
    curves(order[0].run);
    table(order[0].run, order[0].far === 0);
    if (place >= 0) { at("runs").children[place].querySelector("button").focus(); }
  }

  ["run"].concat(controls.map(function (each) { return each.words; }), measures).forEach(function (name, place) {
    var cell = element("th", name, at("names"), place ? "" : "left");
    cell.scope = "col";
  });
  at("about").textContent = runs.length === 1 ? "One run is recorded, so there is nothing to move yet." : controls.length
    ? count(runs.length) + " runs were recorded. Move a setting to go to the run that had it; where no run had the whole combination, the page says so and shows the nearest."
    : count(runs.length) + " runs were recorded, all with the same settings.";
  inputs = controls.map(function (control, number) { return control.number ? slider(control, number) : choices(control, number); });
  at("knobs").hidden = !controls.length;
  at("knobs").addEventListener("submit", function (event) { event.preventDefault(); });
  section("validation", "Validation loss");
  if (runs.some(function (run) { return run.curves.metric[0].length; })) { section("metric", measures[0] && measures[0] !== "loss" ? measures[0] : "Metric"); }
  section("train", "Training loss");
  section("rate", "Learning rate");
  show();
}());

// The page of one fine-tuning: it shows the record that came with it, and follows it while its server answers and the job goes on.
(function () {
  var EVERY_MS = 1000, WAIT_MS = 5000, LONG_MS = 60000;
  var told = JSON.parse(at("data").textContent), live = told.live, metric = told.metric_name;
  var charts = {}, last = "", changed = Date.now();

  function words(value) {
    if (value === null || value === undefined || value === "") { return "unknown"; }
    if (Array.isArray(value)) { return value.map(words).join(", "); }
    if (typeof value === "object") { return Object.keys(value).map(function (key) { return key + " " + words(value[key]); }).join(", "); }
    return typeof value === "number" ? figure(value) : String(value);
  }

  function section(name, title, kind) {
    var box = element("section", null, at("charts"), kind), head = element("div", null, box, "head");
    element("h3", title, head);
    charts[name] = { head: head, drawn: chart(element("div", null, box, "plot")) };
  }

  function keys(name, series) {
    var head = charts[name].head;
    while (head.children.length > 1) { head.lastChild.remove(); }
    series.forEach(function (each) {
      if (each.name) { element("span", each.name + (each.values.length && !each.bare ? " " + figure(each.values[each.values.length - 1]) : ""), head, "key " + each.kind); }
    });
  }

  function line(name, kind, key, more) {
    return Object.assign({ name: name, kind: kind, steps: told.curves[key][0], values: told.curves[key][1] }, more);
  }

  function draw(name, label, series, more) {
    var steps = [].concat.apply([], series.map(function (each) { return each.steps; })), schedule = told.schedule || {};
    var end = Math.max(told.steps || schedule.steps || 0, steps.reduce(function (a, b) { return Math.max(a, b); }, 1));
    keys(name, series);
    charts[name].drawn.draw(Object.assign({ label: label, series: series, end: end, epochs: epochs(schedule.steps_per_epoch, end) }, more));
  }

  function curves() {
    var best = told.best, smooth = told.curves.smooth[0].length > 0, quick = told.curves.speed_smooth[0].length > 0;
    var mark = best ? [{ step: best.step, value: best.value }] : [], by_loss = best && best.name === "loss";
    var train = smooth ? [line(null, "train raw", "train"), line("training, smoothed", "smooth", "smooth")] : [line("training", "train", "train", { dots: true })];
    draw("loss", "Loss by step", train.concat([line("validation", "validation", "validation", { dots: true })]), { marks: by_loss ? mark : [], logarithmic: true });
    if (charts.metric) { draw("metric", metric + " by step", [line("validation", "metric", "metric", { dots: true })], { marks: by_loss ? [] : mark }); }
    draw("rate", "Learning rate by step", [line("planned", "planned", "planned", { bare: true }), line("so far", "rate", "rate")], { zero: true });
    draw("speed", "Examples a second by step", quick ? [line(null, "speed raw", "speed"), line("examples/s, smoothed", "speed", "speed_smooth")] : [line("examples/s", "speed", "speed")], { zero: true });
  }

  function fact(name, value, small) {
    var box = element("div", null, at("facts"));
    element("dt", name, box);
    element("dd", value, box);
    element("small", small || "", box);
  }

  function facts() {
    var best = told.best, rows = told.rows, latest = rows.length ? rows[rows.length - 1] : null, expected = told.estimate && told.estimate.seconds;
    at("facts").replaceChildren();
    fact(told.ended ? "took" : "time left", duration(told.ended ? told.elapsed_s : told.seconds_left), told.ended ? "" : told.elapsed_s === null ? "" : duration(told.elapsed_s) + " so far");
    fact("estimated before", duration(expected), "for the whole");
    fact("best " + (best ? best.name : metric), best ? figure(best.value) : "–", best ? "step " + count(best.step) : "");
    fact("last validation", latest ? figure(latest[4] === null ? latest[3] : latest[4]) : "–", latest ? (latest[4] === null ? "loss" : metric) + ", step " + count(latest[0]) : "");
    fact("learning rate", figure(told.learning_rate), "");
    fact("speed", told.examples_per_s === null ? "unknown" : figure(told.examples_per_s) + " /s", "examples");
  }

  function flags() {
    at("flags").replaceChildren();
    var all = told.why ? [{ text: told.why }].concat(told.flags) : told.flags;
    all.forEach(function (each) { element("li", each.text, at("flags"), "bad"); });
    if (!all.length) { element("li", told.rows.length ? "No warning sign." : "No evaluation yet, so no sign of anything.", at("flags"), "quiet"); }
  }

  function table() {
    at("rows").replaceChildren();
    told.rows.forEach(function (row) {
      var line = element("tr", null, at("rows"), told.best && row[0] === told.best.step ? "top" : "");
      element("th", count(row[0]), line).scope = "row";
      row.slice(1).forEach(function (value) { element("td", figure(value), line); });
    });
  }

  function events() {
    at("events").replaceChildren();
    told.events.slice().reverse().forEach(function (each) {
      var row = element("li", null, at("events"));
      element("time", each.at.replace("T", " ").replace("+00:00", ""), row);
      element("i", each.kind, row);
      element("span", each.text, row);
    });
    if (!told.events.length) { element("li", "none yet", at("events"), "quiet"); }
  }

  function settings() {
    at("settings").replaceChildren();
    [told.knobs, told.schedule, { doubts: told.doubts, notes: told.notes, host: told.remote }].forEach(function (group) {
      Object.keys(group || {}).forEach(function (key) {
        if (group[key] === null || group[key] && group[key].length === 0) { return; }
        element("dt", key.replace(/_/g, " "), at("settings"));
        element("dd", words(group[key]), at("settings"));
      });
    });
  }

  function standing() {
    var data = told.data || {}, share = told.steps ? told.step / told.steps : 0;
    var about = [told.base, told.method].filter(Boolean).map(words);
    if (data.name) { about.push(data.name + (data.n_train ? ", " + count(data.n_train) + " examples" : "")); }
    at("name").textContent = told.id;
    at("about").textContent = about.join(" · ");
    at("state").textContent = told.state;
    at("state").className = "pill " + told.state;
    at("bar").value = share;
    at("done").textContent = (told.steps ? "step " + count(told.step) + " of " + count(told.steps) : "step " + count(told.step)) + (told.epoch === null ? "" : ", epoch " + figure(Math.round(told.epoch * 100) / 100));
    document.title = (told.ended ? told.state : Math.floor(share * 100) + " %") + " · " + told.id;
    at("metric-name").textContent = metric === "loss" ? "metric" : metric;
    at("legend").textContent = (told.best ? "The ring marks the best checkpoint. " : "") + "Across: optimizer steps, as far as they are planned. Broken lines are ends of epochs. Arrow keys read a chart that has the focus.";
  }

  function show() {
    standing();
    facts();
    flags();
    curves();
    table();
    events();
    settings();
  }

  function fresh(text, off) {
    if (at("fresh").textContent !== text) { at("fresh").textContent = text; }
    at("fresh").className = off ? "off" : "quiet";
  }

  function follow() {
    fetch("record.json", { cache: "no-store" }).then(function (answer) {
      if (!answer.ok) { throw new Error("the record cannot be read"); }
      return answer.text();
    }).then(function (text) {
      if (text !== last) {
        last = text;
        changed = Date.now();
        told = JSON.parse(text);
        show();
      }
      var still = Math.floor((Date.now() - changed) / LONG_MS);
      fresh(told.ended ? "ended" : still ? "live, nothing new for " + still + " min" : "live", false);
      if (!told.ended) { setTimeout(follow, EVERY_MS); }
    }).catch(function (error) {
      fresh(error instanceof TypeError ? "not updating: the server does not answer" : "not updating: " + error.message, true);
      setTimeout(follow, WAIT_MS);
    });
  }

  section("loss", "Loss", metric === "loss" ? "whole" : "");
  if (metric !== "loss") { section("metric", metric); }
  section("rate", "Learning rate");
  section("speed", "Throughput");
  show();
  fresh(told.ended ? "ended" : live ? "live" : "as it stood when this file was written", false);
  if (live && !told.ended) { follow(); }
}());

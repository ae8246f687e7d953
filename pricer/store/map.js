// The map: Plotly draws numbers and colours; every word from the data is written by textContent.
(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("data").textContent);
  // In three dimensions Plotly draws symbols with a font, and not every machine's has a cross or an x: these are in all.
  var SYMBOLS = ["circle", "square", "diamond"], HOLLOW = "circle-open";
  var SHAPES = {
    circle: "M8 2a6 6 0 1 0 .01 0z", square: "M2.5 2.5h11v11h-11z", diamond: "M8 1l7 7-7 7-7-7z",
    "circle-open": "M8 2a6 6 0 1 0 .01 0zM8 4a4 4 0 1 1-.01 0z"
  };
  var OTHERS = -1, NONE = -2, LISTED = 50, EDGE = 1.1;
  var total = data.id.length;
  var plot = at("plot"), tip = at("tip"), card = at("card"), box = at("search");
  var state = { mode: "flat", by: null, off: {}, pinned: null, found: null };
  var views = { flat: whole("flat"), solid: whole("solid") };
  var drawn = null, pointer = { x: 0, y: 0 }, waiting = null;

  // --- small words

  function at(id) { return document.getElementById(id); }
  function style(name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); }
  function amount(value) { return value.toLocaleString("en-US", { maximumFractionDigits: Math.abs(value) < 100 ? 2 : 0 }); }
  function count(value) { return value.toLocaleString("en-US"); }
  function all(length) { return Array.from({ length: length }, function (_, place) { return place; }); }
  function pick(values, places) { return places.map(function (place) { return values[place]; }); }

  function element(name, text, into) {
    var made = document.createElement(name);
    if (text !== undefined && text !== null) { made.textContent = text; }
    if (into) { into.appendChild(made); }
    return made;
  }

  function button(into, act, text) {
    var made = element("button", text, into);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  // --- what is drawn

  function whole(mode) {
    return mode === "flat" ? { x: [-EDGE, EDGE], y: [-EDGE, EDGE] } : { eye: { x: 1.15, y: 1.15, z: 0.8 } };
  }

  function groups(by) {
    var told = data[by];
    var found = told.named.map(function (pair, place) {
      return { key: place, name: pair[0], items: pair[1], colour: "g" + place, symbol: SYMBOLS[place % SYMBOLS.length] };
    });
    if (told.others) { found.push({ key: OTHERS, name: "others", items: told.others, colour: "rest", symbol: "circle" }); }
    if (told.none) { found.push({ key: NONE, name: "none stated", items: told.none, colour: "rest", symbol: HOLLOW }); }
    return found;
  }

  function places(by, key) { return all(total).filter(function (place) { return data[by].group[place] === key; }); }
  function priced(place) { return data.price[place] !== null && data.price[place] > 0; }

  function size() {
    var base = total <= 100 ? 10 : total <= 1500 ? 7 : 5;
    return state.mode === "flat" ? base : Math.max(2, base * 0.4);
  }

  function trace(chosen, marker) {
    var columns = data[state.mode];
    var made = { type: "scatter", mode: "markers", x: pick(columns[0], chosen), y: pick(columns[1], chosen), customdata: chosen,
      hoverinfo: "none", marker: Object.assign({ size: size(), line: { width: 0 } }, marker) };
    made.marker.opacity = state.found ? 0.25 : 0.8;
    return solid(made, chosen);
  }

  function solid(made, chosen) {
    if (state.mode === "solid") {
      made.type = "scatter3d";
      made.z = chosen.map(function (place) { return place === null ? null : data.solid[2][place]; });
    }
    return made;
  }

  function coloured() {
    if (state.by !== "price") {
      return groups(state.by).filter(function (group) { return !state.off[group.key]; }).reverse().map(function (group) {
        return trace(places(state.by, group.key), { color: style(group.colour), symbol: group.symbol });
      });
    }
    var with_price = all(total).filter(priced), without = all(total).filter(function (place) { return !priced(place); });
    var ends = span();
    return [
      trace(without, { color: style("rest"), symbol: HOLLOW }),
      trace(with_price, { color: with_price.map(function (place) { return Math.log10(data.price[place]); }), cmin: ends[0], cmax: ends[1],
        colorscale: [0, 1, 2, 3, 4].map(function (step) { return [step / 4, style("p" + step)]; }), showscale: false })
    ].filter(function (one) { return one.x.length; });
  }

  function span() {
    var logs = data.price.filter(function (price) { return price !== null && price > 0; }).map(Math.log10);
    var low = logs.reduce(function (a, b) { return Math.min(a, b); }, Infinity);
    var high = logs.reduce(function (a, b) { return Math.max(a, b); }, -Infinity);
    return low < high ? [low, high] : [low - 0.5, high + 0.5];
  }

  function rings(chosen, wide) {
    var columns = data[state.mode];
    return solid({ type: "scatter", mode: "markers", x: pick(columns[0], chosen), y: pick(columns[1], chosen), hoverinfo: "skip",
      marker: { symbol: HOLLOW, size: size() + wide, color: style("ink"), line: { width: 2, color: style("ink") } } }, chosen);
  }

  function rays(from) {
    var chosen = [], columns = data[state.mode];
    data.closest[from].forEach(function (near) { chosen.push(from, near, null); });
    function along(column) { return chosen.map(function (place) { return place === null ? null : column[place]; }); }
    return solid({ type: "scatter", mode: "lines", x: along(columns[0]), y: along(columns[1]), hoverinfo: "skip",
      line: { width: state.mode === "flat" ? 1.5 : 4, color: style("ink") } }, chosen);
  }

  function traces() {
    var made = coloured();
    if (state.found && state.found.length) { made.push(rings(state.found, 5)); }
    if (state.pinned !== null) { made.push(rays(state.pinned), rings([state.pinned], 9)); }
    return made.length ? made : [{ type: state.mode === "flat" ? "scatter" : "scatter3d", x: [], y: [], z: [] }];
  }

  function layout() {
    var paper = style("paper"), view = views[state.mode];
    var made = { paper_bgcolor: paper, plot_bgcolor: paper, margin: { l: 0, r: 0, t: 0, b: 0 }, showlegend: false, hovermode: "closest",
      dragmode: state.mode === "flat" ? "pan" : "orbit" };
    if (state.mode === "flat") {
      made.xaxis = { visible: false, range: view.x.slice(), scaleanchor: "y" };
      made.yaxis = { visible: false, range: view.y.slice() };
      return made;
    }
    var axis = { range: [-EDGE, EDGE], showticklabels: false, title: { text: "" }, showspikes: false, zeroline: false, showbackground: false,
      gridcolor: style("line"), ticks: "", nticks: 5 };
    made.scene = { xaxis: axis, yaxis: Object.assign({}, axis), zaxis: Object.assign({}, axis), aspectmode: "cube", dragmode: "orbit",
      camera: { eye: Object.assign({}, view.eye) } };
    return made;
  }

  function remember() {
    var shown = plot.layout;
    if (drawn === "flat" && shown.xaxis) { views.flat = { x: shown.xaxis.range.slice(), y: shown.yaxis.range.slice() }; }
    if (drawn === "solid" && shown.scene) { views.solid = { eye: Object.assign({}, shown.scene.camera.eye) }; }
  }

  function draw() {
    remember();
    if (drawn !== state.mode) { forget(); }
    Plotly.react(plot, traces(), layout(), { displayModeBar: false, responsive: true, scrollZoom: true, showTips: false, doubleClick: false });
    if (!drawn) { listen(); }
    drawn = state.mode;
    at("kept").textContent = data.says[state.mode];
  }

  // --- moving about

  function moved(change) {
    remember();
    change(views[state.mode]);
    Plotly.relayout(plot, state.mode === "flat"
      ? { "xaxis.range": views.flat.x.slice(), "yaxis.range": views.flat.y.slice() }
      : { "scene.camera.eye": Object.assign({}, views.solid.eye) });
  }

  function zoom(factor) {
    moved(function (view) {
      if (view.eye) { ["x", "y", "z"].forEach(function (axis) { view.eye[axis] *= factor; }); return; }
      ["x", "y"].forEach(function (axis) {
        var middle = (view[axis][0] + view[axis][1]) / 2, half = factor * (view[axis][1] - view[axis][0]) / 2;
        view[axis] = [middle - half, middle + half];
      });
    });
  }

  function shift(right, up) {
    moved(function (view) {
      if (view.eye) { turn(view.eye, right * 0.2, up * 0.15); return; }
      var x = right * (view.x[1] - view.x[0]) / 10, y = up * (view.y[1] - view.y[0]) / 10;
      view.x = [view.x[0] + x, view.x[1] + x];
      view.y = [view.y[0] + y, view.y[1] + y];
    });
  }

  function turn(eye, around, up) {
    var radius = Math.hypot(eye.x, eye.y, eye.z), angle = Math.atan2(eye.y, eye.x) + around;
    var height = Math.max(-1.4, Math.min(1.4, Math.asin(eye.z / radius) + up));
    eye.x = radius * Math.cos(height) * Math.cos(angle);
    eye.y = radius * Math.cos(height) * Math.sin(angle);
    eye.z = radius * Math.sin(height);
  }

  function home() { moved(function () { views[state.mode] = whole(state.mode); }); }

  // --- what is told of a product

  function facts(place, into) {
    function word(by) { var name = data[by].name[place]; return name === null ? null : data[by].names[name]; }
    element("div", data.title[place] || "(no title)", into).className = "name";
    var list = element("dl", null, into);
    [["price", data.price[place] === null ? "none stated" : amount(data.price[place])], ["category", word("category") || "none stated"],
      ["label", word("label")], ["id", data.id[place]], ["source", data.source[place]]].forEach(function (pair) {
      if (pair[1]) { element("dt", pair[0], list); element("bdi", pair[1], element("dd", null, list)); }
    });
  }

  function hover(event) {
    var place = event.points[0].customdata;
    if (typeof place !== "number") { return; }
    tip.textContent = "";
    facts(place, tip);
    tip.hidden = false;
    var wide = tip.offsetWidth, high = tip.offsetHeight;
    var x = pointer.x + 14 + wide > window.innerWidth ? pointer.x - wide - 14 : pointer.x + 14;
    var y = pointer.y + 14 + high > window.innerHeight ? pointer.y - high - 14 : pointer.y + 14;
    tip.style.left = Math.max(6, Math.min(x, window.innerWidth - wide - 6)) + "px";
    tip.style.top = Math.max(6, y) + "px";
  }

  function forget() { tip.hidden = true; }

  function pin(place) {
    state.pinned = place;
    card.textContent = "";
    facts(place, card);
    if (data.closest[place].length) {
      element("h3", "Nearest by the vectors", card);
      choices(data.closest[place], element("ul", null, card));
    }
    button(card, unpin, "let go");
    draw();
  }

  function unpin() {
    state.pinned = null;
    card.textContent = "";
    element("p", "Click a product, or choose it from a search, to keep it here.", card).className = "quiet";
    draw();
    plot.focus();
  }

  function choices(chosen, list) {
    list.className = "list";
    chosen.forEach(function (place) {
      button(element("li", null, list), function () { pin(place); }, data.title[place] || data.id[place]);
    });
  }

  // --- search and legend

  function search() {
    var wanted = box.value.trim().toLowerCase(), list = at("list");
    state.found = wanted ? all(total).filter(function (place) { return data.title[place].toLowerCase().indexOf(wanted) >= 0; }) : null;
    at("found").hidden = !wanted;
    list.textContent = "";
    if (wanted) {
      var more = state.found.length > LISTED ? ", the first " + LISTED + " listed" : "";
      at("hits").textContent = count(state.found.length) + (state.found.length === 1 ? " title" : " titles") + " of " + count(total) + more;
      choices(state.found.slice(0, LISTED), list);
    }
    draw();
  }

  function sign(colour, symbol) {
    var space = "http://www.w3.org/2000/svg", picture = document.createElementNS(space, "svg"), shape = document.createElementNS(space, "path");
    picture.setAttribute("viewBox", "0 0 16 16");
    picture.setAttribute("aria-hidden", "true");
    shape.setAttribute("d", SHAPES[symbol]);
    shape.style.fill = "var(--" + colour + ")";
    picture.appendChild(shape);
    return picture;
  }

  function entry(list, group, act) {
    var line = element("li", null, list), made = act ? button(line, act) : element("div", null, line);
    if (!act) { made.className = "entry"; }
    made.appendChild(sign(group.colour, group.symbol));
    element("bdi", group.name, element("span", null, made));
    element("small", count(group.items), made);
    return made;
  }

  function legend() {
    var into = at("legend");
    into.textContent = "";
    into.className = "legend";
    at("legend-name").textContent = state.by === "price" ? "price, on a logarithmic scale" : state.by + ", products drawn";
    if (state.by === "price") { scale(into); return; }
    var told = groups(state.by), list = element("ul", null, into), made = [];
    function show() { made.forEach(function (one, place) { one.setAttribute("aria-pressed", String(!state.off[told[place].key])); }); draw(); }
    told.forEach(function (group) {
      made.push(entry(list, group, function () { state.off[group.key] = !state.off[group.key]; show(); }));
    });
    made.forEach(function (one) { one.setAttribute("aria-pressed", "true"); });
    if (told.length > 1) {
      var both = element("div", null, into);
      both.className = "both";
      button(both, function () { state.off = {}; show(); }, "show all");
      button(both, function () { told.forEach(function (group) { state.off[group.key] = true; }); show(); }, "hide all");
    }
  }

  function scale(into) {
    element("div", null, into).className = "scale";
    var ends = span(), ticks = element("div", null, into), without = total - data.price.filter(function (price) { return price !== null && price > 0; }).length;
    ticks.className = "ticks";
    between(ends).forEach(function (log) {
      element("i", amount(Math.pow(10, log)), ticks).style.left = 100 * (log - ends[0]) / (ends[1] - ends[0]) + "%";
    });
    if (without) { entry(element("ul", null, into), { name: "no price above 0", items: without, colour: "rest", symbol: HOLLOW }); }
  }

  function between(ends) {
    var inner = [], room = (ends[1] - ends[0]) * 0.16;
    for (var power = Math.ceil(ends[0]); power <= ends[1]; power += 1) {
      if (power - ends[0] > room && ends[1] - power > room && (!inner.length || power - inner[inner.length - 1] > room)) { inner.push(power); }
    }
    return [ends[0]].concat(inner, [ends[1]]);
  }

  // --- wiring

  function press(set, chosen) {
    Array.prototype.forEach.call(at(set).children, function (one) { one.setAttribute("aria-pressed", String(one.value === chosen)); });
  }

  function each(set, act) {
    Array.prototype.forEach.call(at(set).children, function (one) { one.addEventListener("click", function () { act(one.value); }); });
  }

  function turnTo(mode) {
    if (mode === "solid" && !document.createElement("canvas").getContext("webgl")) {
      at("kept").textContent = "Three dimensions need WebGL, which this browser does not offer.";
      return;
    }
    state.mode = mode;
    press("dimensions", mode);
    draw();
  }

  function colourBy(by) {
    state.by = by;
    state.off = {};
    press("colours", by);
    legend();
    draw();
  }

  function listen() {
    plot.on("plotly_hover", hover);
    plot.on("plotly_unhover", forget);
    plot.on("plotly_click", function (event) {
      var place = event.points[0].customdata;
      if (typeof place === "number") { forget(); pin(place); }
    });
  }

  var KEYS = {
    ArrowLeft: function () { shift(-1, 0); }, ArrowRight: function () { shift(1, 0); }, ArrowUp: function () { shift(0, 1); },
    ArrowDown: function () { shift(0, -1); }, "+": function () { zoom(0.7); }, "=": function () { zoom(0.7); }, "-": function () { zoom(1 / 0.7); }, "0": home
  };
  plot.addEventListener("keydown", function (event) {
    if (KEYS[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); KEYS[event.key](); }
  });
  plot.addEventListener("mousemove", function (event) { pointer = { x: event.clientX, y: event.clientY }; }, true);
  plot.addEventListener("mouseleave", forget);
  window.addEventListener("scroll", forget, { passive: true });
  box.addEventListener("input", function () { clearTimeout(waiting); waiting = setTimeout(search, 150); });
  each("dimensions", turnTo);
  each("colours", colourBy);
  each("zoom", function (way) { if (way === "whole") { home(); } else { zoom(way === "in" ? 0.7 : 1 / 0.7); } });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  at("bar").hidden = false;
  at("view").hidden = false;
  var telling = ["category", "label"].filter(function (by) { return data[by].named.length > 1; })[0];
  colourBy(telling || (data.price.some(function (price) { return price !== null && price > 0; }) ? "price" : at("colours").children[0].value));
}());

// The filter of the answers: everything is there and opens without it.
(function () {
  "use strict";
  var place = document.getElementById("filter");
  if (!place) { return; }
  var label = document.createElement("label");
  var box = document.createElement("input");
  var said = document.createElement("span");
  label.textContent = "Show only answers that contain ";
  box.type = "search";
  said.setAttribute("role", "status");
  label.appendChild(box);
  place.appendChild(label);
  place.appendChild(said);
  var cases = Array.prototype.slice.call(document.querySelectorAll(".case"));
  box.addEventListener("input", function () {
    var wanted = box.value.trim().toLowerCase();
    var left = 0;
    cases.forEach(function (one) {
      var there = !wanted || one.textContent.toLowerCase().indexOf(wanted) >= 0;
      one.hidden = !there;
      left += there ? 1 : 0;
    });
    document.querySelectorAll(".cases").forEach(function (group) {
      if (wanted) { group.open = !!group.querySelector(".case:not([hidden])"); }
    });
    said.textContent = wanted ? left + " of " + cases.length : "";
  });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details.numbers").forEach(function (one) { one.open = true; });
  });
}());

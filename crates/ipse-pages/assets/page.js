// Joins the elements of a form with the functions that the service's own scripts define. Those scripts may arrive before
// or after this one, so that a function is looked up when it is needed and waited for a little.
"use strict";

function call(name, attempts) {
  const action = window[name];
  if (typeof action === "function") {
    action();
  } else if (attempts > 0) {
    setTimeout(call, 100, name, attempts - 1);
  }
}

addEventListener("click", (event) => {
  const button = event.target.closest("[data-onclick-trigger]");
  if (button) {
    event.preventDefault();
    call(button.dataset.onclickTrigger, 50);
  }
});

for (const element of document.querySelectorAll("[data-onload-trigger]")) {
  call(element.dataset.onloadTrigger, 50);
}

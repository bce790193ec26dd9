// Counts what is selected in the inbox, and selects all orders of one reason that the page shows. Without this file
// orders are selected one by one.
"use strict";
(() => {
  const bar = document.getElementById("selected");
  const inbox = document.getElementById("inbox");
  if (!bar || !inbox) return;

  const boxes = () => [...inbox.querySelectorAll("input[name=order]")];
  const say = () => {
    const chosen = boxes().filter((box) => box.checked).length;
    bar.querySelector(".count").textContent = String(chosen);
    bar.querySelector("button[type=submit]").disabled = chosen === 0;
  };

  document.documentElement.classList.add("scripts");
  document.addEventListener("change", say);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-reason]");
    if (!button) return;
    const all = boxes().filter((box) => button.dataset.reason === "" || box.dataset.reason === button.dataset.reason);
    // A second press takes it back.
    const on = button.dataset.reason !== "" && all.some((box) => !box.checked);
    for (const box of all) box.checked = on;
    say();
  });

  // The page is read again, and an order that is gone is not selected any more.
  new MutationObserver(say).observe(inbox, { childList: true });
  // A browser that comes back to the page may have kept what was selected.
  window.addEventListener("pageshow", say);
  say();
})();

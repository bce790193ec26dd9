// Keeps what a page shows up to date: the server says that something has changed, the page is read
// again, and the parts marked data-live are put in the place of the old ones. Without this file the
// pages read as well, only not by themselves.
"use strict";
(() => {
  const AGAIN = 5000; // ms before a connection that was refused is tried again
  const PAUSE = 1000; // ms between two readings at least
  const mark = document.querySelector(".live");
  if (!mark || !window.EventSource || !document.querySelector("[data-live]")) return;

  // The page that follows a form may stand under an address that cannot be read.
  const address = document.body.dataset.address || location.href;
  let last = 0;
  let timer = 0;
  let reading = false;
  let missed = false;

  const show = (on) => {
    mark.dataset.state = on ? "on" : "off";
    mark.textContent = on ? mark.dataset.on : mark.dataset.off;
  };

  // What somebody is using right now is left alone until the next change.
  const inUse = (part) => {
    const focus = document.activeElement;
    const typing = focus && part.contains(focus) && focus.matches("input, select, textarea");
    const filled = [...part.querySelectorAll("input, textarea")].some((field) => field.value !== field.defaultValue);
    return Boolean(typing) || filled;
  };

  const pathOf = (node, root) => {
    const path = [];
    for (let at = node; at !== root; at = at.parentElement) path.unshift([...at.parentElement.children].indexOf(at));
    return path;
  };

  const swap = (part, news) => {
    if (part.innerHTML === news.innerHTML || inUse(part)) return;
    const open = new Set([...part.querySelectorAll("details[open][id]")].map((box) => box.id));
    const focus = part.contains(document.activeElement) ? document.activeElement : null;
    const path = focus && !focus.id ? pathOf(focus, part) : null;
    const id = focus && focus.id;
    part.replaceChildren(...document.importNode(news, true).childNodes);
    for (const box of part.querySelectorAll("details[id]")) box.open = open.has(box.id);
    const target = id ? document.getElementById(id) : path && path.reduce((at, place) => at && at.children[place], part);
    if (target && typeof target.focus === "function") target.focus({ preventScroll: true });
  };

  const read = async () => {
    timer = 0;
    if (reading) { missed = true; return; }
    reading = true;
    last = Date.now();
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (answer.redirected && new URL(answer.url).pathname === "/login") { location.reload(); return; }
      if (answer.ok) {
        const news = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of document.querySelectorAll("[data-live][id]")) {
          const fresh = news.getElementById(part.id);
          if (fresh) swap(part, fresh);
        }
      }
    } catch { show(false); } finally {
      reading = false;
      if (missed) { missed = false; soon(); }
    }
  };

  const soon = () => {
    if (document.hidden) { missed = true; return; }
    if (!timer) timer = setTimeout(read, Math.max(0, last + PAUSE - Date.now()));
  };

  const listen = () => {
    const source = new EventSource("/live");
    source.addEventListener("open", () => show(true));
    source.addEventListener("changed", () => { show(true); soon(); });
    source.addEventListener("error", () => {
      show(false);
      // The browser tries again by itself after a cut, but not after a refusal.
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN);
    });
    window.addEventListener("pagehide", () => source.close(), { once: true });
  };

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && missed) { missed = false; soon(); }
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  listen();
})();

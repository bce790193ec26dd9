// Keeps what a page shows up to date: the server says that something has changed, the page is read
// again, and the parts marked data-live are put in the place of the old ones. Without this file the
// pages read as well, only not by themselves.
"use strict";
(() => {
  const AGAIN = 5000; // ms before what was refused is tried again
  const PAUSE = 1000; // ms between two readings at least
  const PATIENCE = 20000; // ms for one reading
  const QUIET = 45000; // ms without a word, which comes every 15 s, after which the connection is dead
  const mark = document.querySelector(".live");
  if (!mark || !window.EventSource || !document.querySelector("main [data-live]")) return;

  // Where all pages begin: a proxy may show them below a path.
  const root = new URL("..", document.currentScript.src);
  // The page that follows a form may stand under an address that cannot be read.
  const address = document.body.dataset.address || location.href;
  const cut = document.getElementById("cut");
  let source = null;
  let heard = Date.now();
  let last = 0;
  let timer = 0;
  let reading = false;
  let missed = false;

  // Live is what was read just now and is told of changes. Everything else says how old it is.
  const show = (on) => {
    mark.dataset.state = on ? "on" : "off";
    mark.textContent = on ? mark.dataset.on : mark.dataset.off;
    document.body.classList.toggle("old", !on);
    if (cut) cut.hidden = on;
  };

  // What somebody is using right now is left alone until the next change.
  const inUse = (part) => {
    const focus = document.activeElement;
    const typing = focus && part.contains(focus) && focus.matches("input:not([type=checkbox]), select, textarea");
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
    const ticked = new Set([...part.querySelectorAll("input:checked[id]")].map((box) => box.id));
    const focus = part.contains(document.activeElement) ? document.activeElement : null;
    const path = focus && !focus.id ? pathOf(focus, part) : null;
    const id = focus && focus.id;
    part.replaceChildren(...document.importNode(news, true).childNodes);
    for (const box of part.querySelectorAll("details[id]")) box.open = open.has(box.id);
    for (const box of part.querySelectorAll("input[type=checkbox][id]")) box.checked = ticked.has(box.id);
    const target = id ? document.getElementById(id) : path && path.reduce((at, place) => at && at.children[place], part);
    if (target && typeof target.focus === "function") target.focus({ preventScroll: true });
  };

  const read = async () => {
    timer = 0;
    if (document.hidden) return;
    if (reading) { missed = true; return; }
    reading = true;
    last = Date.now();
    try {
      const signal = AbortSignal.timeout(PATIENCE);
      const answer = await fetch(address, { headers: { Accept: "text/html" }, cache: "no-store", signal });
      // Signed out, or gone: the page that says so takes the place of this one.
      const out = answer.redirected && new URL(answer.url).pathname === new URL("login", root).pathname;
      if (out || answer.status === 404) { location.replace(address.split("#")[0]); return; }
      if (!answer.ok) throw new Error(answer.statusText);
      const news = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live][id]")) {
        const fresh = news.getElementById(part.id);
        if (fresh) swap(part, fresh);
      }
      const words = news.getElementById("cut");
      if (cut && words) cut.innerHTML = words.innerHTML;
      show(Boolean(source) && source.readyState === EventSource.OPEN);
    } catch {
      show(false);
      setTimeout(soon, AGAIN);
    } finally {
      reading = false;
      if (missed) { missed = false; soon(); }
    }
  };

  const soon = () => {
    if (!timer) timer = setTimeout(read, Math.max(0, last + PAUSE - Date.now()));
  };

  const listen = () => {
    if (source) source.close();
    if (document.hidden) return;
    heard = Date.now();
    source = new EventSource(new URL("live", root));
    // The first word comes with the connection, and what it tells of is read then.
    source.addEventListener("changed", () => { heard = Date.now(); soon(); });
    source.addEventListener("error", () => {
      show(false);
      // The browser tries again by itself after a cut, but not after a refusal: who is not let in
      // any more is asked to sign in by the page itself.
      if (source.readyState === EventSource.CLOSED) { setTimeout(listen, AGAIN); soon(); }
    });
  };

  setInterval(() => {
    if (!source || source.readyState !== EventSource.OPEN || Date.now() - heard < QUIET) return;
    show(false);
    listen();
  }, AGAIN);
  window.addEventListener("pagehide", () => { if (source) source.close(); });
  // A browser keeps six connections to one place at most: pages that nobody sees must not hold them.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { if (source) source.close(); } else listen();
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  listen();
})();

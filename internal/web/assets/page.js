// Keeps a page as fresh as its server, without loading it again: it asks for the page
// every half a minute while somebody looks, and changes in place what differs. Focus,
// scroll, open sections, selected text and what is being filled in stay as they are.
// It also shows instants by the reader's clock. Without it pages are complete.
"use strict";
(() => {
  const every = 30_000; // milliseconds
  const soon = 1_000; // while the page says that something is being made (data-soon)
  const main = document.getElementById("main");
  const freshness = document.getElementById("freshness");
  let tag = ""; // of what is shown
  let loaded = Date.now(); // when the server last said that it is so
  let asking = false;
  let timer = 0;

  // localised rewrites the instants under root by the reader's clock, whose zone the page
  // names once. What is brief leaves out the day if it is that of the data. What is
  // "today" by the owner's clock, and not by the reader's, stays as the owner says it.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const parts = new Intl.DateTimeFormat("en-GB", {
    weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short",
  });
  const said = (at) => Object.fromEntries(parts.formatToParts(at).map((part) => [part.type, part.value]));
  const dayOf = (p) => `${p.day} ${p.month} ${p.year}`;
  const localised = (root) => {
    const asOf = root.querySelector("#asof time");
    const today = asOf ? dayOf(said(new Date(asOf.dateTime))) : "";
    for (const el of root.querySelectorAll("time[datetime]")) {
      const at = new Date(el.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      const p = said(at);
      const text = el.textContent.trim(); // by the owner's clock
      const year = /\d{4}/.test(text) ? ` ${p.year}` : "";
      const brief = "brief" in el.dataset && dayOf(p) === today;
      const full = `${p.weekday} ${p.day} ${p.month}${year}, ${p.hour}:${p.minute}`;
      if (el.dataset.brief === "today" && !brief) {
        el.title = `${full} ${p.timeZoneName}`;
        continue;
      }
      el.title = text;
      el.textContent = brief ? `${p.hour}:${p.minute}` : full;
    }
    const note = root.querySelector("#zone");
    if (note && zone) note.textContent = `Times are in your zone, ${zone}, unless they name another.`;
  };

  // same says whether two nodes are the same thing, which may have changed.
  const name = (node) => node.id || (node.dataset && node.dataset.key) || "";
  const same = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.nodeType !== Node.ELEMENT_NODE || name(a) === name(b));

  // become changes old into new, and leaves every node that it can.
  const become = (old, fresh) => {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value && !(name === "open" && old.nodeName === "DETAILS")) old.setAttribute(name, value);
    }
    const named = new Map();
    for (const child of old.childNodes) if (name(child)) named.set(name(child), child);
    let at = old.firstChild; // what is before it has its place
    for (const next of [...fresh.childNodes]) {
      let kept = name(next) ? named.get(name(next)) : at;
      while (kept && !name(next) && name(kept)) kept = kept.nextSibling; // what has a name is nothing else
      if (!kept || !same(kept, next)) {
        old.insertBefore(document.importNode(next, true), at);
        continue;
      }
      // A node that is moved loses the focus, so the others are moved out of its way.
      if (kept !== at && holdsFocus(kept)) while (at !== kept) at = movedToEnd(at);
      if (kept === at) at = at.nextSibling;
      else old.insertBefore(kept, at);
      become(kept, next);
    }
    while (at) at = removed(at);
  };
  const holdsFocus = (node) => node.contains(document.activeElement);
  const removed = (node) => {
    const next = node.nextSibling;
    node.remove();
    return next;
  };
  const movedToEnd = (node) => {
    const next = node.nextSibling;
    node.parentNode.append(node);
    return next;
  };

  // show changes the page into a document that the server sent.
  const show = (fresh) => {
    localised(fresh);
    const selection = document.getSelection();
    const range = selection.rangeCount && !selection.isCollapsed ? [selection.anchorNode, selection.anchorOffset, selection.focusNode, selection.focusOffset] : null;
    const focused = document.activeElement;
    for (const part of ["main", "footer"]) {
      const now = document.querySelector(part);
      const next = fresh.querySelector(part);
      if (now && next) become(now, next);
    }
    document.title = fresh.title;
    if (focused && focused !== document.body && !focused.isConnected) main.focus({ preventScroll: true });
    if (range && range[0].isConnected && range[2].isConnected) {
      const within = (node, offset) => Math.min(offset, node.nodeType === Node.TEXT_NODE ? node.length : node.childNodes.length);
      selection.setBaseAndExtent(range[0], within(range[0], range[1]), range[2], within(range[2], range[3]));
    }
  };

  // old says that the page may be old, and why.
  const old = (why) => {
    const p = said(new Date(loaded));
    const text = `This page is old: ${why} It shows what was so at ${p.hour}:${p.minute} ${p.timeZoneName}.`;
    if (freshness.textContent !== text) freshness.textContent = text;
    freshness.hidden = false;
  };

  // update asks the server for the page as it is now.
  const update = async () => {
    if (asking) return;
    if (!navigator.onLine) return old("there is no connection.");
    asking = true;
    try {
      const answer = await fetch(location.href, { cache: "no-store", credentials: "same-origin", headers: tag ? { "If-None-Match": tag } : {} });
      if (answer.status === 200 && (answer.headers.get("Content-Type") || "").startsWith("text/html") && !answer.redirected) {
        const text = await answer.text();
        show(new DOMParser().parseFromString(text, "text/html"));
        tag = answer.headers.get("ETag") || "";
      } else if (answer.status !== 304) {
        return old(answer.status === 200 ? "the server wants you to sign in again; reload it." : `the server answers with ${answer.status}.`);
      }
      loaded = Date.now();
      freshness.hidden = true;
      document.dispatchEvent(new Event("page:fresh"));
    } catch {
      old("the server cannot be reached.");
    } finally {
      asking = false;
      plan();
    }
  };
  const plan = () => {
    clearTimeout(timer);
    const wait = main.querySelector("[data-soon]") ? soon : every;
    if (!document.hidden && navigator.onLine) timer = setTimeout(update, wait);
  };

  localised(document);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else if (Date.now() - loaded >= every) update();
    else plan();
  });
  addEventListener("online", update);
  addEventListener("offline", () => {
    clearTimeout(timer);
    old("there is no connection.");
  });
  plan();
})();

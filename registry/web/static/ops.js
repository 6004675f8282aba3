// Keeps the page up to date: when the server says that something has moved, the page is fetched again and the parts
// that differ are put in place. Without this script the page is the same, and is refreshed by its link.
"use strict";
(() => {
  const said = document.getElementById("said");
  const SPOKEN_EVERY = 15000; // milliseconds: more often is noise for whoever listens to the page
  let busy = false;
  let again = false;
  let spoken = 0;

  const say = (sv, en) => {
    const english = document.createElement("span");
    english.lang = "en";
    english.textContent = en;
    said.replaceChildren(`${sv}. `, english);
  };

  const place = (fresh) => {
    let moved = false;
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fresh.getElementById(part.id);
      if (!next || next.isEqualNode(part)) continue;
      const held = part.contains(document.activeElement) ? document.activeElement.id : "";
      part.replaceChildren(...next.childNodes);
      if (held) document.getElementById(held)?.focus({ preventScroll: true });
      moved = true;
    }
    return moved;
  };

  const renew = async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      if (answer.redirected) {
        location.assign(answer.url);
      } else if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (place(fresh) && Date.now() - spoken > SPOKEN_EVERY) {
          spoken = Date.now();
          say(said.dataset.sv, said.dataset.en);
        }
      }
    } catch {
      say(said.dataset.lostSv, said.dataset.lostEn);
    } finally {
      busy = false;
      if (again) {
        again = false;
        renew();
      }
    }
  };

  const source = new EventSource(said.dataset.events);
  source.addEventListener("moved", renew);
  source.addEventListener("error", () => say(said.dataset.lostSv, said.dataset.lostEn));
  window.addEventListener("pagehide", () => source.close());
})();

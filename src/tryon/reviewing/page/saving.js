// Decisions on their way to the program. They are sent in their order, kept in the browser's own storage until the
// program says that they are on the disk, and sent again after a failure, a reload or a restart of the program.

const MOST_AT_ONCE = 25;  // a body that may outlive its page has 64 KiB at most
const LONGEST_WAIT_MS = 5000;

export async function ask(address, body) {
  const answer = await fetch(address, body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), keepalive: true,
  });
  const content = await answer.json();
  if (!answer.ok) throw new Error(`${content.error} – ${content.remedy}`);
  return content;
}

export class Saver {
  #steps = [];
  #busy = false;
  #failures = 0;

  // `since()` gives the known revision, `answered(answer, steps)` takes what came back, `changed(count, fault)` shows it.
  constructor(review, { since, answered, changed }) {
    this.prefix = `tryon.unsaved.${review}.`;
    this.key = this.prefix + crypto.randomUUID();
    Object.assign(this, { since, answered, changed });
    navigator.locks.request(this.key, () => new Promise(() => {}));  // held as long as this window lives
    addEventListener("beforeunload", (event) => { if (this.#steps.length) event.preventDefault(); });
  }

  get waiting() { return this.#steps.length; }

  concerns(sha256) { return this.#steps.some((step) => step.sha256 === sha256); }

  push(step) {
    this.#steps.push(step);
    this.#remember();
    this.#send();
  }

  // What windows that are gone could not send any more is sent now; gives their steps.
  async adopt() {
    for (const key of Object.keys(localStorage).filter((name) => name.startsWith(this.prefix) && name !== this.key)) {
      await navigator.locks.request(key, { ifAvailable: true }, (lock) => {
        if (!lock) return;
        this.#steps.push(...JSON.parse(localStorage.getItem(key)));
        this.#remember();
        localStorage.removeItem(key);
      });
    }
    this.#send();
    return [...this.#steps];
  }

  #remember() {
    if (this.#steps.length) localStorage.setItem(this.key, JSON.stringify(this.#steps));
    else localStorage.removeItem(this.key);
  }

  async #send() {
    if (this.#busy || !this.#steps.length) return;
    this.#busy = true;
    this.changed(this.#steps.length, "");
    const sent = this.#steps.slice(0, MOST_AT_ONCE);
    try {
      const answer = await ask("decisions", { steps: sent, since: this.since() });
      this.#steps.splice(0, sent.length);
      this.#remember();
      this.#failures = 0;
      this.answered(answer, sent);
      this.changed(this.#steps.length, "");
    } catch (error) {
      this.#failures += 1;
      this.changed(this.#steps.length, error instanceof TypeError ? "the program cannot be reached" : error.message);
      await new Promise((done) => setTimeout(done, Math.min(LONGEST_WAIT_MS, 250 * 2 ** this.#failures)));
    }
    this.#busy = false;
    this.#send();
  }
}

// Follows a subscription over server-sent events, and says what became of it.
import { rejectsCredential } from "./session.js";

const MOST_SHOWN = 100;
const LONGEST_PAUSE_SECONDS = 16;

const OPENING = "Opening the stream.";
const FOLLOWING = "Following. The newest update comes first.";
const LOST = "The connection was lost. It is opened again without a gap.";
const ENDED = "The service ended the stream.";
const NOT_OPENED = "The stream could not be opened.";
const STOPPED = "Stopped.";

export class LiveStream {
  #open;
  #onChange;
  #stopped = new AbortController();
  #note = OPENING;
  #updates = [];
  #cursor = null;
  #pauseSeconds = 1;

  /**
   * `open({ signal, live: { after } })` sends the subscription, to be resumed after a cursor unless that is null, and
   * returns the reply. `onChange(stream)` is called whenever there is something else to show.
   */
  constructor(open, onChange) {
    this.#open = open;
    this.#onChange = onChange;
  }

  /** What became of the stream, and its newest updates, of which the newest comes first. */
  get text() {
    return `// ${this.#note}\n${JSON.stringify(this.#updates, null, 2)}`;
  }

  /** The newest result; undefined before the first one. */
  get latest() {
    return this.#updates[0];
  }

  get isOpening() {
    return this.#note === OPENING;
  }

  get isOver() {
    return [ENDED, NOT_OPENED, STOPPED].includes(this.#note);
  }

  /** Follow until the stream ends or is stopped. If the connection is lost, resume after the last update. */
  async run() {
    this.#onChange(this);
    while (!this.isOver) {
      try {
        await this.#connect();
      } catch (error) {
        // Without a cursor, nothing says where to go on: the stream has never been open.
        if (this.#cursor === null) this.#end(NOT_OPENED, { errors: [{ message: error.message }] });
      }
      if (this.isOver) return;
      this.#change(LOST);
      await new Promise((resume) => setTimeout(resume, this.#pauseSeconds * 1000));
      this.#pauseSeconds = Math.min(this.#pauseSeconds * 2, LONGEST_PAUSE_SECONDS);
    }
  }

  /** Close the connection, which ends the stream on the service. */
  stop() {
    this.#end(STOPPED);
    this.#stopped.abort();
  }

  /** Return at the end of the stream or of its connection. */
  async #connect() {
    const { status, answer, events } = await this.#open({
      signal: this.#stopped.signal,
      live: { after: this.#cursor },
    });
    if (answer) {
      const isTemporary = status === 429 || status >= 500;
      if (this.#cursor === null || !isTemporary) this.#end(ENDED, answer);
      return;
    }
    this.#pauseSeconds = 1;
    this.#change(FOLLOWING);
    for await (const batch of events) this.#take(batch);
  }

  #take(batch) {
    if (this.isOver) return;
    for (const { name, id, data } of batch) {
      this.#cursor = id ?? this.#cursor;
      if (name === "next") this.#updates.unshift(JSON.parse(data));
      else if (name === "complete") this.#complete();
    }
    this.#updates.length = Math.min(this.#updates.length, MOST_SHOWN);
    if (batch.length > 0) this.#onChange(this);
  }

  #complete() {
    // Opening the stream again gets a new token in development, and otherwise an answer that signs out.
    if (rejectsCredential(this.latest)) this.#updates.shift();
    else this.#note = ENDED;
  }

  #end(note, answer) {
    if (this.isOver) return;
    if (answer) this.#updates.unshift(answer);
    this.#change(note);
  }

  #change(note) {
    this.#note = note;
    this.#onChange(this);
  }
}

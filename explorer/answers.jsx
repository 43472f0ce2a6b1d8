// Shows every answer and every update in the tab that asked, even if another tab is open when it arrives.
import { useLayoutEffect } from "react";
import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { formatError, formatResult } from "@graphiql/toolkit";
import { getOperationAST } from "graphql";
import { LiveStream } from "./live.js";

const NEVER = new Promise(() => {});

/**
 * GraphiQL 5.4 writes an answer into the tab that is open when it arrives, and drops it if another operation was run
 * since. It stops a subscription when its tab is left, and shows one update at a time. This class intercepts such answers
 * and all updates, and puts them into their tabs. Tests: test_answers.py and test_live.py in tests/explorer.
 */
class Answers {
  #tabs = [];
  #active = null;
  #moves = 0;
  #reports = 0;
  #latest = new Map();
  #streams = new Map();
  /** Show a text in the active tab. */
  show = () => {};
  /** Let the stop button of the active tab stop a subscription, or none; with `isFetching`, its answer is awaited. */
  setSubscription = () => {};

  /** GraphiQL's `onTabChange`, which it also calls before it sends an operation. */
  follow = ({ tabs, activeTabIndex }) => {
    this.#tabs = tabs;
    this.#reports += 1;
    const active = tabs[activeTabIndex]?.id;
    if (active !== this.#active) {
      this.#active = active;
      this.#moves += 1;
    }
    for (const [tab, stream] of this.#streams) if (!tabs.some(({ id }) => id === tab)) stream.stop();
  };

  /** Return a fetcher whose answers go to the tab that was active when it was called. `ask` returns replies. */
  of(ask, onAnswer) {
    const answerTo = async (...asked) => {
      const { answer } = await ask(...asked);
      onAnswer(answer);
      return answer;
    };
    return async (operation, options) => {
      // GraphiQL adds the parsed document only for operations that a person runs.
      if (!options || !("documentAST" in options)) return answerTo(operation, options);
      const [tab, moves, run] = [this.#active, this.#moves, Symbol("run")];
      const wasLeft = () => moves !== this.#moves;
      this.#latest.set(tab, run);
      if (isSubscription(operation, options)) {
        this.#stream(tab, (settings) => ask(operation, settings), onAnswer);
        return NEVER;
      }
      let text;
      try {
        const answer = await answerTo(operation, options);
        if (!wasLeft()) return answer;
        text = formatResult(answer);
      } catch (error) {
        if (!wasLeft()) throw error;
        text = formatError(error);
      }
      if (this.#latest.get(tab) === run) this.#deliver(tab, text);
      return NEVER;
    };
  }

  /** Stop the streams of all tabs. */
  stopStreams() {
    for (const stream of this.#streams.values()) stream.stop();
  }

  /** Let the stop button belong to the tab that has become active. */
  watchActive() {
    const stream = this.#streams.get(this.#active);
    if (stream) this.#watch(this.#active, stream);
  }

  #stream(tab, open, onAnswer) {
    const stream = new LiveStream(open, () => {
      if (stream.isOver) this.#streams.delete(tab);
      if (stream.latest?.errors) onAnswer(stream.latest);
      this.#deliver(tab, stream.text);
      if (tab === this.#active) this.#watch(tab, stream);
    });
    this.#streams.set(tab, stream);
    stream.run();
  }

  #watch(tab, stream) {
    // GraphiQL unsubscribes not only for the stop button, but also when a tab is opened, which it then reports.
    const unsubscribe = () => {
      const reports = this.#reports;
      queueMicrotask(() => {
        if (tab === this.#active && reports === this.#reports) stream.stop();
        else this.watchActive();
      });
    };
    this.setSubscription(stream.isOver ? null : { unsubscribe }, stream.isOpening);
  }

  #deliver(id, text) {
    if (id === this.#active) {
      this.show(text);
      return;
    }
    const tab = this.#tabs.find((each) => each.id === id);
    // Changed in place: GraphiQL has no action for a tab that is not active, and such a tab is not on the screen.
    if (tab) tab.response = text;
  }
}

function isSubscription({ operationName }, { documentAST }) {
  return Boolean(documentAST) && getOperationAST(documentAST, operationName)?.operation === "subscription";
}

export const ANSWERS = new Answers();

/** The part that needs GraphiQL's state. */
export function AnswersInTabs() {
  const { setSubscription, stop, updateActiveTabValues } = useGraphiQLActions();
  const { tabs, activeTabIndex, responseEditor } = useGraphiQL(pick("tabs", "activeTabIndex", "responseEditor"));
  const active = tabs[activeTabIndex]?.id;
  useLayoutEffect(() => {
    ANSWERS.setSubscription = setSubscription;
    ANSWERS.show = (response) => {
      responseEditor?.setValue(response);
      updateActiveTabValues({ response });
    };
  }, [responseEditor, setSubscription, updateActiveTabValues]);
  useLayoutEffect(() => {
    // Otherwise a new tab would look as if it waited for the previous tab's answer.
    stop();
    ANSWERS.watchActive();
  }, [active, stop]);
  return null;
}

// Every answer belongs to the tab that asked, also if that tab was left meanwhile.
import { useLayoutEffect } from "react";
import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { formatError, formatResult } from "@graphiql/toolkit";

const NEVER = new Promise(() => {});

/**
 * GraphiQL 5.4 writes an answer into whichever tab is open when it arrives, and drops it if another operation was run since. This
 * keeps such answers from it and puts them where they belong. The tests of it are tests/explorer/test_answers.py.
 */
class Answers {
  #tabs = [];
  #active = null;
  #moves = 0;
  #latest = new Map();
  /** Shows a text in the active tab. */
  show = () => {};

  /** GraphiQL's `onTabChange`, which it calls before an operation is sent, too. */
  follow = ({ tabs, activeTabIndex }) => {
    this.#tabs = tabs;
    const active = tabs[activeTabIndex]?.id;
    if (active === this.#active) return;
    this.#active = active;
    this.#moves += 1;
  };

  /** A fetcher whose answers reach the tab that was active when it was called. */
  of(fetcher) {
    return async (operation, options) => {
      // GraphiQL gives operations that a person runs, and only those, as a parsed document as well.
      if (!options || !("documentAST" in options)) return fetcher(operation, options);
      const [tab, moves, run] = [this.#active, this.#moves, Symbol("run")];
      const wasLeft = () => moves !== this.#moves;
      this.#latest.set(tab, run);
      let text;
      try {
        const answer = await fetcher(operation, options);
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

  #deliver(id, text) {
    if (id === this.#active) {
      this.show(text);
      return;
    }
    const tab = this.#tabs.find((each) => each.id === id);
    // In place: no action of GraphiQL reaches a tab that is not active, and nothing of it is on the screen.
    if (tab) tab.response = text;
  }
}

export const ANSWERS = new Answers();

/** What of this needs GraphiQL's state. */
export function AnswersInTabs() {
  const { stop, updateActiveTabValues } = useGraphiQLActions();
  const { tabs, activeTabIndex, responseEditor } = useGraphiQL(pick("tabs", "activeTabIndex", "responseEditor"));
  const active = tabs[activeTabIndex]?.id;
  useLayoutEffect(() => {
    ANSWERS.show = (response) => {
      responseEditor?.setValue(response);
      updateActiveTabValues({ response });
    };
  }, [responseEditor, updateActiveTabValues]);
  // A new tab would otherwise show that it is waiting for the answer of the one that was left.
  useLayoutEffect(stop, [active, stop]);
  return null;
}

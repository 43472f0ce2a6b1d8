// Shows every answer in the tab that asked, even if another tab is open when it arrives.
import { useLayoutEffect } from "react";
import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { formatError, formatResult } from "@graphiql/toolkit";

const NEVER = new Promise(() => {});

/**
 * GraphiQL 5.4 writes an answer into the tab that is open when it arrives, and drops it if another operation was run
 * since. This class intercepts such answers and puts them into their tabs. Tests: tests/explorer/test_answers.py.
 */
class Answers {
  #tabs = [];
  #active = null;
  #moves = 0;
  #latest = new Map();
  /** Show a text in the active tab. */
  show = () => {};

  /** GraphiQL's `onTabChange`, which it also calls before it sends an operation. */
  follow = ({ tabs, activeTabIndex }) => {
    this.#tabs = tabs;
    const active = tabs[activeTabIndex]?.id;
    if (active === this.#active) return;
    this.#active = active;
    this.#moves += 1;
  };

  /** Return a fetcher whose answers go to the tab that was active when it was called. */
  of(fetcher) {
    return async (operation, options) => {
      // GraphiQL adds the parsed document only for operations that a person runs.
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
    // Changed in place: GraphiQL has no action for a tab that is not active, and such a tab is not on the screen.
    if (tab) tab.response = text;
  }
}

export const ANSWERS = new Answers();

/** The part that needs GraphiQL's state. */
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
  // Otherwise a new tab would look as if it waited for the previous tab's answer.
  useLayoutEffect(stop, [active, stop]);
  return null;
}

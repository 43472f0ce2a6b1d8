// What the page opens with: the tabs of the last visit, else the tour.
import { TOUR } from "./tour.js";

const STORED_TABS = "graphiql:tabState";

/**
 * The properties of GraphiQL that say so. Left alone, GraphiQL takes the document and the variables from two keys of the storage that
 * it writes only once something was edited; so they are taken from the tab that was open, always both.
 */
export const OPENING = ofLastVisit() ?? ofTab(TOUR[0]);

function ofTab({ query, variables }) {
  return { initialQuery: query ?? "", initialVariables: variables ?? "", defaultTabs: TOUR };
}

function ofLastVisit() {
  try {
    const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem(STORED_TABS));
    return ofTab(tabs[activeTabIndex]);
  } catch {
    // There was none, or the browser keeps nothing, or something else wrote there.
    return null;
  }
}

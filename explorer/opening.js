// What the page opens with: what a link says, else the tabs of the last visit, else the tour.
import { TOUR } from "./tour.js";

const STORED_TABS = "graphiql:tabState";

/**
 * The properties of GraphiQL that say so. Left alone, GraphiQL takes the document and the variables from two keys of the storage that
 * it writes only once something was edited; so they are taken from the tab that was open, always both.
 */
export const OPENING = ofLink(new URLSearchParams(window.location.search)) ?? ofLastVisit() ?? ofTab(TOUR[0], TOUR);

function ofTab({ query, variables }, defaultTabs = TOUR) {
  return { initialQuery: query ?? "", initialVariables: variables ?? "", defaultTabs };
}

/** A link such as `/graphql?query=…&variables=…`, or with one of the two, opens a tab beside the others, and runs nothing. */
function ofLink(parameters) {
  const tab = { query: parameters.get("query"), variables: parameters.get("variables") };
  if (!tab.query && !tab.variables) return null;
  // From now on the tab is what counts: reloading must not bring back what was edited since.
  window.history.replaceState(null, "", window.location.pathname + window.location.hash);
  return ofTab(tab, [tab, ...TOUR]);
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

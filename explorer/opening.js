// What the page opens: the document of a link, otherwise the tabs of the last visit, otherwise the tour.
import { TOUR } from "./tour.js";

const STORED_TABS = "graphiql:tabState";

/**
 * GraphiQL's properties for that. By default, GraphiQL reads the document and the variables from two keys of the storage,
 * which it writes only after an edit. Here both always come from the tab that was open.
 */
export const OPENING = ofLink(new URLSearchParams(window.location.search)) ?? ofLastVisit() ?? ofTab(TOUR[0], TOUR);

function ofTab({ query, variables }, defaultTabs = TOUR) {
  return { initialQuery: query ?? "", initialVariables: variables ?? "", defaultTabs };
}

/** A link such as `/graphql?query=…&variables=…`, or with one of the two, opens one more tab and runs nothing. */
function ofLink(parameters) {
  const tab = { query: parameters.get("query"), variables: parameters.get("variables") };
  if (!tab.query && !tab.variables) return null;
  // Remove the parameters: reloading must show the edited tab, not the link's document again.
  window.history.replaceState(null, "", window.location.pathname + window.location.hash);
  return ofTab(tab, [tab, ...TOUR]);
}

function ofLastVisit() {
  try {
    const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem(STORED_TABS));
    return ofTab(tabs[activeTabIndex]);
  } catch {
    // There was no visit, the browser stores nothing, or other code wrote there.
    return null;
  }
}

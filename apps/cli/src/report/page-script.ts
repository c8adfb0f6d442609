// What the report does in the browser, besides the elements themselves: hand out the data, and keep the pictures at one moment.
// Written as text, since it runs elsewhere.

/** Runs after the elements are defined; `report-data` is JSON in the page. */
export const PAGE_SCRIPT = `
const data = JSON.parse(document.getElementById("report-data").textContent);
const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
document.querySelector("obm-waterfall").data = data.waterfall;
const timeline = document.querySelector("obm-timeline");
timeline.data = data.timeline;
const heap = document.querySelector("obm-heap");
if (heap !== null) {
  await heap.loadPacked("The heap, from the process down to its blocks", bytes(data.heap));
  const { points } = data.timeline;
  const nearest = (event) =>
    points.reduce((best, point, index) => (Math.abs(point.event - event) < Math.abs(points[best].event - event) ? index : best), 0);
  let isFollowing = false;
  const follow = (act) => {
    if (isFollowing) return;
    isFollowing = true;
    act();
    isFollowing = false;
  };
  heap.addEventListener("obm-moment", ({ detail }) => follow(() => timeline.moveTo(nearest(detail.event))));
  timeline.addEventListener("obm-moment", ({ detail }) => follow(() => heap.moveToEvent(points[detail].event)));
  timeline.moveTo(nearest(heap.event));
  heap.dataset.ready = "true";
}
`;

// What the report does in the browser, besides the elements themselves: unpack the data, hand it out, keep the moment in the
// address. Written as text, since it runs elsewhere.

/** Runs after the elements are defined; `report-data` is JSON in the page. */
export const PAGE_SCRIPT = `
const data = JSON.parse(document.getElementById("report-data").textContent);
const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
document.querySelector("obm-waterfall").data = data.waterfall;
const timeline = document.querySelector("obm-timeline");
timeline.data = data.timeline;
const map = document.querySelector("obm-arena-map");
if (map !== null) {
  const packed = data.arenaMap;
  const moments = packed.moments.map((moment) => ({ ...moment, fill: bytes(moment.fill) }));
  map.data = { ...packed, moments, classes: bytes(packed.classes), pinnedBy: bytes(packed.pinnedBy) };
  const nearest = (points, event) =>
    points.reduce((best, point, index) => (Math.abs(point.event - event) < Math.abs(points[best].event - event) ? index : best), 0);
  const follow = (event) => history.replaceState(null, "", "#event=" + event);
  let following = false;
  const together = (from, points, to, others) => from.addEventListener("obm-moment", ({ detail }) => {
    follow(points[detail].event);
    if (following) return;
    following = true;
    to.moveTo(nearest(others, points[detail].event));
    following = false;
  });
  together(map, moments, timeline, data.timeline.points);
  together(timeline, data.timeline.points, map, moments);
  const asked = /event=(\\d+)/.exec(location.hash);
  if (asked !== null) map.moveTo(nearest(moments, Number(asked[1])));
}
`;

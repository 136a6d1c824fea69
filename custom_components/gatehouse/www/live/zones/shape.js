/** Outlines: corners [x, y] from 0 to 1 of the picture, and what can be done to them. Pure: each returns a new one. */

export const FEWEST = 3;
export const MOST = 64;

/** A drawing that has not begun. */
export const NEW = { points: [], closed: false };

/** Return a drawing of which a corner is elsewhere. */
export const moved = (drawn, at, point) => ({
  ...drawn,
  points: drawn.points.map((each, place) => (place === at ? within(point) : each)),
});

/** Return a drawing with one more corner, which is the one at that place. */
export const inserted = (drawn, at, point) => ({ ...drawn, points: drawn.points.toSpliced(at, 0, within(point)) });

/** Return a drawing without a corner; what has too few is open again. */
export function without(drawn, at) {
  const points = drawn.points.toSpliced(at, 1);
  return { points, closed: drawn.closed && points.length >= FEWEST };
}

/** Return where a corner that follows another one would be: between it and the next, or a bit beside it. */
export function between(drawn, at) {
  const [here, next] = [drawn.points[at], drawn.points[(at + 1) % drawn.points.length]];
  if (!here) return [0.5, 0.5];
  const isLast = !drawn.closed && at === drawn.points.length - 1;
  return isLast ? [here[0] + 0.1, here[1]] : [(here[0] + next[0]) / 2, (here[1] + next[1]) / 2];
}

/** Return the edge that is nearest to a point: its place, and how far that is in the units of a size [width, height]. */
export function nearestEdge(drawn, point, size) {
  const scaled = ([x, y]) => [x * size[0], y * size[1]];
  const away = edgesOf(drawn).map(([start, end]) => distance(scaled(point), scaled(start), scaled(end)));
  const nearest = Math.min(...away);
  return { place: away.indexOf(nearest), away: nearest };
}

/** Return where an outline crosses or touches itself, null if it does not. */
export function crossing(drawn) {
  const edges = edgesOf(drawn);
  for (const [first, one] of edges.entries()) {
    for (const [second, other] of edges.entries()) {
      // Neighbours share a corner.
      const apart = second - first;
      const beside = apart === 1 || (drawn.closed && apart === edges.length - 1);
      const met = apart > 0 && !beside && meeting(one, other);
      if (met) return met;
    }
  }
  return null;
}

/** Return whether a closed outline holds a point. */
export function holds(points, [x, y]) {
  const crossed = edgesOf({ points, closed: true }).filter(
    ([[ax, ay], [bx, by]]) => ay > y !== by > y && x < ax + ((y - ay) * (bx - ax)) / (by - ay),
  );
  return crossed.length % 2 === 1;
}

/** A drawing with what it was and what it would be again: for undo and redo. */
export const storyOf = (now) => ({ past: [], now, future: [] });

/** Return the story with one more step. */
export const onward = ({ past, now }, next) => ({ past: [...past, now], now: next, future: [] });

/** Return the story without its last step. */
export const undone = ({ past, now, future }) =>
  past.length ? { past: past.slice(0, -1), now: past.at(-1), future: [now, ...future] } : { past, now, future };

/** Return the story with the step that was undone last. */
export const redone = ({ past, now, future }) =>
  future.length ? { past: [...past, now], now: future[0], future: future.slice(1) } : { past, now, future };

// A thousandth of the picture is finer than any finger.
const within = (point) => point.map((number) => Math.round(Math.min(1, Math.max(0, number)) * 1000) / 1000);

function edgesOf({ points, closed }) {
  const edges = points.slice(1).map((end, place) => [points[place], end]);
  return closed ? [...edges, [points.at(-1), points[0]]] : edges;
}

function distance([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1);
  const near = Math.min(1, Math.max(0, along));
  return Math.hypot(x - ax - near * dx, y - ay - near * dy);
}

/** Return where two edges meet, null if they do not; those that lie on each other meet at a corner. */
function meeting([a, b], [c, d]) {
  const turn = ([ax, ay], [bx, by], [x, y]) => (bx - ax) * (y - ay) - (by - ay) * (x - ax);
  const [c1, d1, a1, b1] = [turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)];
  const overlap = [0, 1].every(
    (axis) =>
      Math.max(a[axis], b[axis]) >= Math.min(c[axis], d[axis]) &&
      Math.max(c[axis], d[axis]) >= Math.min(a[axis], b[axis]),
  );
  if (!overlap || c1 * d1 > 0 || a1 * b1 > 0) return null;
  if (a1 === b1) return [a, b].find((point) => turn(c, d, point) === 0 && isOn(point, c, d)) ?? c;
  const along = a1 / (a1 - b1);
  return [a[0] + along * (b[0] - a[0]), a[1] + along * (b[1] - a[1])];
}

const isOn = (point, start, end) =>
  [0, 1].every((axis) => Math.min(start[axis], end[axis]) <= point[axis] && point[axis] <= Math.max(start[axis], end[axis]));

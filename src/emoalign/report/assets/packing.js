"use strict";
/* Reads what packing.py has written into the page. */

const NO_SHARE = 255;
const NO_NUMBER = 65535;

/** The bytes of the element with this id: base64 of gzip. */
async function unpack(id) {
  const letters = atob(document.getElementById(id).textContent);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < bytes.length; place += 1) bytes[place] = letters.charCodeAt(place);
  const whole = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(whole).arrayBuffer());
}

async function unpackText(id) {
  return new TextDecoder().decode(await unpack(id));
}

async function unpackJson(id) {
  return JSON.parse(await unpackText(id));
}

/** The ratings on one scale: of people, then of each cell. See sections/items.py. */
function readBlock(bytes, about) {
  const n = about.n;
  let place = 0;
  const next = (length) => bytes.slice(place, (place += length));
  const twoBytes = () => new Uint16Array(next(2 * n).buffer);
  const rater = () => {
    const [mean, sd, count] = [twoBytes(), twoBytes(), twoBytes()];
    const shares = about.points.map(() => next(n));
    const number = (coded, low, high) => (item) =>
      coded[item] === NO_NUMBER ? NaN : low + ((high - low) * coded[item]) / (NO_NUMBER - 1);
    return {
      mean: number(mean, about.min, about.max),
      sd: number(sd, 0, about.max - about.min),
      count: (item) => count[item],
      share: (point, item) =>
        shares[point][item] === NO_SHARE ? NaN : shares[point][item] / (NO_SHARE - 1),
    };
  };
  return { people: rater(), cells: about.cells.map(rater) };
}

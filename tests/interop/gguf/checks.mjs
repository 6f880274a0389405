// What the comparisons count and measure.

let checks = 0;
let failures = 0;

/// Prints every failure, and every measurement that a bound is held against.
export function check(what, passed, detail = '') {
  ++checks;
  if (passed && detail === '') return;
  if (!passed) ++failures;
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${what}${detail === '' ? '' : ': ' + detail}`);
}

export function finish() {
  console.log(`${checks} checks, ${failures} failures`);
  process.exit(failures === 0 ? 0 : 1);
}

export function largestDifference(a, b) {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < a.length; ++i) {
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

function logSoftmax(logits) {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = logits.reduce((total, x) => total + Math.exp(x - largest), 0);
  return logits.map((x) => x - largest - Math.log(sum));
}

/// KL(softmax(reference) || softmax(candidate)) of each position, in nats.
function klByPosition(reference, candidate, vocabulary) {
  const found = [];
  for (let start = 0; start < reference.length; start += vocabulary) {
    const p = logSoftmax(Float64Array.from(reference.subarray(start, start + vocabulary)));
    const q = logSoftmax(Float64Array.from(candidate.subarray(start, start + vocabulary)));
    let kl = 0;
    for (let i = 0; i < vocabulary; ++i) kl += Math.exp(p[i]) * (p[i] - q[i]);
    found.push(kl);
  }
  return found;
}

export function meanKl(reference, candidate, vocabulary) {
  const found = klByPosition(reference, candidate, vocabulary);
  return found.reduce((a, b) => a + b) / found.length;
}

export function medianKl(reference, candidate, vocabulary) {
  const found = klByPosition(reference, candidate, vocabulary).sort((a, b) => a - b);
  return found[found.length >> 1];
}

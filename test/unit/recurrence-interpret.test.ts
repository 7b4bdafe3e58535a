/** Recurrences by the interpreter against plain loops. */
import { describe, expect, it } from 'vitest';
import { randomTensor, run } from '../support/kernels.ts';

const tensor = (shape: number[], data: number[]) => ({ shape, data });
const row = (...data: number[]) => tensor([data.length], data);
function close(actual: readonly number[] | undefined, expected: readonly number[]): void {
  expect(actual?.length).toBe(expected.length);
  expected.forEach((x, n) => expect(actual![n]).toBeCloseTo(x, 10));
}

const sums = (body: string, head = 'recurrence over t') => `kernel sums {
  axes t: N
  in x: f32[t]
  in c0: f32[] = 0
  state c: f32[] = c0
  ${head} {
    ${body}
  }
  out y: f32[t]
  out c
}`;

describe('one state', () => {
  const x = row(1, 2, 3, 4);
  const absent = { absent: new Set(['c0']) };

  it('is read before or after a step', () => {
    expect(run(sums('c = c + x\n y = c'), { x }, absent)).toEqual({ y: [1, 3, 6, 10], c: [10] });
    expect(run(sums('y = c\n c = c + x'), { x }, absent)).toEqual({ y: [0, 1, 3, 6], c: [10] });
    expect(run(sums('y = c + 10 * x\n c = c + x'), { x }, absent)).toEqual({ y: [10, 21, 33, 46], c: [10] });
  });

  it('starts from a value of its own', () => {
    expect(run(sums('c = c + x\n y = c'), { x, c0: tensor([], [100]) })).toEqual({
      y: [101, 103, 106, 110],
      c: [110],
    });
  });

  it('runs in reverse', () => {
    const reverse = 'recurrence over t reverse';
    expect(run(sums('c = c + x\n y = c', reverse), { x }, absent)).toEqual({ y: [10, 9, 7, 4], c: [10] });
    expect(run(sums('y = c\n c = c + x', reverse), { x }, absent)).toEqual({ y: [9, 7, 4, 0], c: [10] });
  });

  it('changes with every assignment of a step', () => {
    const text = sums('c = 2 * c\n before = c\n c = c + x\n c = c - 1\n y = 100 * before + c');
    expect(run(text, { x }, absent)).toEqual({ y: [0, 1, 204, 811], c: [11] });
  });

  it('is its initial value after no steps, and takes one step at one position', () => {
    const text = sums('c = c + x\n y = c');
    expect(run(text, { x: row(), c0: tensor([], [7]) })).toEqual({ y: [], c: [7] });
    expect(run(text, { x: row(5), c0: tensor([], [7]) })).toEqual({ y: [12], c: [12] });
  });

  it('may run for thousands of steps', () => {
    const length = 3000;
    const a = randomTensor(1, length);
    for (const head of ['recurrence over t', 'recurrence over t reverse']) {
      const { y, c } = run(sums('c = 0.5 * c + x\n y = c', head), { x: a }, absent);
      const order = [...a.data.keys()];
      if (head.endsWith('reverse')) order.reverse();
      let carried = 0;
      const wanted: number[] = [];
      for (const t of order) wanted[t] = carried = 0.5 * carried + a.data[t]!;
      close(y, wanted);
      close(c, [carried]);
    }
  });

  it('may be an integer or a truth value', () => {
    const text = `kernel k {
      axes t: N
      in x: i32[t]
      state count: i32[] = 0
      state seen: bool[] = false
      recurrence over t {
        seen = seen || x == 3
        count = count + seen
        n = count
      }
      out n
      out seen
    }`;
    const x = tensor([5], [1, 3, 2, 3, 0]);
    expect(run(text, { x })).toEqual({ n: [0, 1, 2, 3, 4], seen: [1] });
  });
});

describe('several states', () => {
  it('read each other as they stand in the step', () => {
    const text = `kernel k {
      axes t: N
      in x: f32[t]
      state a: f32[] = 0
      state b: f32[] = 1
      recurrence over t {
        a = a + b * x
        b = b + a
        y = a * b
      }
      out y
      out a
      out b
    }`;
    const x = randomTensor(2, 6);
    let [a, b] = [0, 1];
    const wanted = Array.from(x.data, (v) => {
      a += b * v;
      b += a;
      return a * b;
    });
    const got = run(text, { x });
    close(got.y, wanted);
    close(got.a, [a]);
    close(got.b, [b]);
  });

  it('follow each other in blocks of their own', () => {
    const text = `kernel k {
      axes t: N
      in x: f32[t]
      state a: f32[] = 0
      state m: f32[] = a
      recurrence over t { a = a + x
        u = a }
      recurrence over t reverse { m = max(m, u)
        w = m }
      out w
      out m
      out total: f32[] = a
    }`;
    expect(run(text, { x: row(1, -4, 2, 5) })).toEqual({ w: [4, 4, 4, 4], m: [4], total: [4] });
    expect(run(text, { x: row(9, -4, 2, -5) })).toEqual({ w: [9, 7, 7, 2], m: [9], total: [2] });
  });

  it('run along other axes', () => {
    const text = `kernel k {
      axes i: N, j: M
      in x: f32[i, j]
      state across: f32[i] = 0
      state down: f32[j] = 0
      recurrence over j { across = across + x
        rows = across }
      recurrence over i { down = down + rows
        area = down }
      out area: f32[i, j]
    }`;
    const x = tensor([2, 3], [1, 2, 3, 4, 5, 6]);
    expect(run(text, { x }).area).toEqual([1, 3, 6, 5, 12, 21]);
  });
});

describe('steps with structure', () => {
  it('erase before they write', () => {
    const [N, D, E] = [7, 3, 2];
    const [q, k, v, beta] = [
      randomTensor(3, N, D),
      randomTensor(4, N, D),
      randomTensor(5, N, E),
      randomTensor(6, N),
    ];
    const text = `kernel delta {
      axes t: N, d: D, e: E
      in q: f32[t, d]
      in k: f32[t, d]
      in v: f32[t, e]
      in beta: f32[t]
      state S: f32[d, e] = 0
      recurrence over t {
        let found = sum[d](k * S)
        S = S + beta * k * (v - found)
        y = sum[d](q * S)
      }
      out y: f32[t, e]
      out S: f32[e, d]
    }`;
    const S = Array.from({ length: D }, () => new Array<number>(E).fill(0));
    const wanted: number[] = [];
    for (let t = 0; t < N; t++)
      for (let e = 0; e < E; e++) {
        let found = 0;
        for (let d = 0; d < D; d++) found += k.data[t * D + d]! * S[d]![e]!;
        let y = 0;
        for (let d = 0; d < D; d++) {
          S[d]![e]! += beta.data[t]! * k.data[t * D + d]! * (v.data[t * E + e]! - found);
          y += q.data[t * D + d]! * S[d]![e]!;
        }
        wanted.push(y);
      }
    const got = run(text, { q, k, v, beta });
    close(got.y, wanted);
    close(
      got.S,
      Array.from({ length: E * D }, (_, n) => S[n % D]![Math.floor(n / D)]!),
    );
  });

  it('may sum over the state that they change, in either direction', () => {
    const [N, D] = [40, 3];
    const k = randomTensor(7, N, D);
    for (const reverse of ['', 'reverse ']) {
      const text = `kernel mixing {
        axes t: N, d: D
        in k: f32[t, d]
        state S: f32[d] = 1
        recurrence over t ${reverse}{ S = 0.5 * S - k * sum[d](k * S) + S[(d + 1) % D] / (d + 2) }
        out S
      }`;
      let S = new Array<number>(D).fill(1);
      for (let n = 0; n < N; n++) {
        const at = (d: number): number => k.data[(reverse ? N - 1 - n : n) * D + d]!;
        const found = S.reduce((sum, x, d) => sum + x * at(d), 0);
        S = S.map((x, d) => 0.5 * x - at(d) * found + S[(d + 1) % D]! / (d + 2));
      }
      close(run(text, { k }).S, S);
    }
  });

  it('begin anew where a document or a sequence begins', () => {
    const x = row(1, 2, 3, 4, 5, 6);
    const text = (keep: string) => `kernel k {
      axes t: N, n: R
      in x: f32[t]
      in document: i32[t]
      in cu: i32[n]
      state c: f32[] = 0
      let starts[t] = any[n](cu == t)
      recurrence over t {
        c = (if ${keep} then c else 0) + x
        y = c
      }
      out y
    }`;
    const inputs = { x, document: tensor([6], [3, 3, 5, 5, 5, 4]), cu: tensor([3], [0, 2, 5]) };
    const same = text('t > 0 && document[t - 1] == document');
    expect(run(same, inputs).y).toEqual([1, 3, 3, 7, 12, 6]);
    expect(run(text('!starts'), inputs).y).toEqual([1, 3, 3, 7, 12, 6]);
  });

  it('look back over a few positions of an input', () => {
    const text = `kernel k {
      axes t: N, i: 3
      in x: f32[t]
      in w: f32[i]
      state c: f32[] = 0
      recurrence over t {
        let short = sum[i in 0..t + 1](w * x[t - i])
        c = c + short
        y = c
      }
      out y
    }`;
    expect(run(text, { x: row(1, 2, 3, 4), w: row(1, 10, 100) }).y).toEqual([1, 13, 136, 370]);
  });

  it('turn pairs, which are an axis of a state', () => {
    const text = `kernel k {
      axes t: N, p: 2
      in x: f32[t, p]
      in angle: f32[]
      state z: f32[p] = 0
      recurrence over t {
        let turned = cos(angle) * z + (if p == 0 then -sin(angle) else sin(angle)) * z[1 - p]
        z = turned + x
        y = z[p = 0]
      }
      out y: f32[t]
      out z
    }`;
    const quarter = tensor([], [Math.PI / 2]);
    const { y, z } = run(text, { x: tensor([3, 2], [1, 0, 0, 0, 0, 0]), angle: quarter });
    close(y, [1, 0, -1]);
    close(z, [-1, 0]);
  });
});

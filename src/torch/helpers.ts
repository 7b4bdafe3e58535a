/** Python functions that formulas call where one expression would not do; a module gets those that it uses. */

const HELPERS: Readonly<Record<string, string>> = {
  _div: `def _div(a, b):
    """Quotient of whole numbers, rounded down; by zero it is 0."""
    if not isinstance(b, torch.Tensor):
        return a // b if b != 0 else a * 0
    return torch.where(b == 0, 0, a // torch.where(b == 0, 1, b))`,
  _mod: `def _mod(a, b):
    """Remainder with the sign of the divisor; by zero it is 0."""
    if not isinstance(b, torch.Tensor):
        return a % b if b != 0 else a * 0
    return torch.where(b == 0, 0, a % torch.where(b == 0, 1, b))`,
  _within: `def _within(index, extent):
    """An index that can be read: where a mask or a condition leaves it out, any element will do."""
    if not isinstance(index, torch.Tensor):
        return min(max(index, 0), max(extent, 1) - 1)
    return torch.clamp(index, min=0, max=max(extent, 1) - 1)`,
  _some: `def _some(x, dim):
    """A tensor that has an element along a dimension, so that what no condition keeps can be read."""
    if x.shape[dim] > 0:
        return x
    shape = list(x.shape)
    shape[dim] = 1
    return torch.full(shape, 0, dtype=x.dtype, device=x.device)`,
  _to_int: `def _to_int(x, least, greatest):
    """Whole part, within the limits of the type; 0 for what is no number."""
    return torch.clamp(torch.trunc(torch.where(torch.isnan(x), torch.zeros_like(x), x)), min=least, max=greatest)`,
  _extreme: `def _extreme(x, dim, largest, empty):
    """The largest or smallest element along some dimensions; \`empty\` where these have no element."""
    if 0 in [x.shape[d] for d in dim]:
        shape = [n for d, n in enumerate(x.shape) if d - x.ndim not in dim]
        return torch.full(shape, empty, dtype=x.dtype, device=x.device)
    return torch.amax(x, dim=dim) if largest else torch.amin(x, dim=dim)`,
  _mean: `def _mean(x, kept, dim):
    """Mean of the elements that are kept; 0 where there are none."""
    kept = torch.broadcast_to(kept, x.shape)
    count = torch.sum(kept, dim=dim)
    return torch.sum(torch.where(kept, x, torch.zeros_like(x)), dim=dim) / torch.where(count == 0, 1, count)`,
  _logsumexp: `def _logsumexp(x, dim):
    """log of a sum of exponentials; minus infinity where there is no element."""
    if 0 in [x.shape[d] for d in dim]:
        return torch.log(torch.sum(x, dim=dim))
    return torch.logsumexp(x, dim=dim)`,
  _first_best: `def _first_best(x, kept, axes, largest):
    """Flattened index over the last \`axes\` dimensions of the best kept element, the first among equals; -1 without any."""
    kept = torch.broadcast_to(kept, x.shape)
    count = math.prod(x.shape[-axes:])
    x, kept = (torch.reshape(t, (*t.shape[:-axes], count)) for t in (x, kept))
    best = _extreme(torch.where(kept, x, -math.inf if largest else math.inf), (-1,), largest, 0)
    index = torch.arange(count, dtype=torch.int32, device=x.device)
    at = _extreme(torch.where(kept & (x == best[..., None]), index, count), (-1,), False, count)
    return torch.asarray(torch.where(at < count, at, -1), dtype=torch.int32)`,
  _order: `def _order(x, kept, at):
    """Which kept elements of the last dimension come before element \`at\` (greater ones, then earlier ones), and whether it is kept."""
    index = torch.arange(x.shape[-1], dtype=torch.int32, device=x.device)
    at = torch.asarray(at, device=x.device)[..., None]
    inside = (at >= 0) & (at < x.shape[-1])
    place = torch.asarray(_within(at, x.shape[-1]), dtype=torch.int64)
    shape = torch.broadcast_shapes(x.shape[:-1], place.shape[:-1])
    own = torch.take_along_dim(torch.broadcast_to(x, (*shape, x.shape[-1])), torch.broadcast_to(place, (*shape, 1)), -1)
    before = kept & ((x > own) | ((x == own) & (index < at)))
    is_kept = torch.any(kept & (index == at), dim=-1) & inside[..., 0]
    return before, is_kept`,
  _topk: `def _topk(x, kept, at, count):
    """Whether element \`at\` of the last dimension is among the \`count\` greatest, earlier ones first among equals."""
    if x.shape[-1] == 0:
        return torch.zeros_like(torch.asarray(at), dtype=torch.bool)
    before, is_kept = _order(x, kept, at)
    return is_kept & (torch.sum(before, dim=-1) < count)`,
  _topp: `def _topp(x, kept, at, share):
    """Whether the elements before \`at\`, the greatest first, do not yet make up this share of the sum."""
    before, is_kept = _order(x, kept, at)
    zero = torch.zeros_like(x)
    total = torch.sum(torch.where(kept, x, zero), dim=-1)
    return is_kept & ((torch.sum(torch.where(before, x, zero), dim=-1) < share * total) | (share >= 1))`,
  _nth: `def _nth(x, which):
    """Index of the true element of the last dimension that has \`which\` true ones before it; -1 where there is none."""
    count = x.shape[-1]
    index = torch.arange(count, dtype=torch.int32, device=x.device)
    number = torch.cumsum(torch.asarray(x, dtype=torch.int32), -1) - 1
    wanted = x & (number == torch.asarray(which, device=x.device)[..., None])
    at = _extreme(torch.where(wanted, index, count), (-1,), False, count)
    return torch.asarray(torch.where(at < count, at, -1), dtype=torch.int32)`,
  _philox: `def _philox(key, a, b, c, d):
    """First word of Philox 4x32-10 (Salmon et al., 2011); words are whole numbers below 2**32 in int64."""
    mask = 0xFFFFFFFF
    key_a, key_b = key, 0

    def product(x, by):  # high and low word, without passing 2**63
        low, high = (x & 0xFFFF) * by, (x >> 16) * by
        return (high + (low >> 16)) >> 16, (((high & 0xFFFF) << 16) + low) & mask

    for _ in range(10):
        high_a, low_a = product(a, 0xD2511F53)
        high_c, low_c = product(c, 0xCD9E8D57)
        a, b, c, d = high_c ^ b ^ key_a, low_c, high_a ^ d ^ key_b, low_a
        key_a, key_b = (key_a + 0x9E3779B9) & mask, (key_b + 0xBB67AE85) & mask
    return a`,
};

/** Helpers that \`text\` calls, and those that these call, in an order that needs no forward reference. */
export function helpersFor(text: string): string[] {
  const used = new Set<string>();
  const look = (t: string): void => {
    for (const name of Object.keys(HELPERS))
      if (!used.has(name) && new RegExp(`(?<![\\w.])${name}\\(`).test(t)) {
        used.add(name);
        look(HELPERS[name]!);
      }
  };
  look(text);
  return Object.keys(HELPERS)
    .filter((name) => used.has(name))
    .map((name) => HELPERS[name]!);
}

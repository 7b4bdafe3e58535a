/** The shape of a plan file. Every field of a stage's plan has a row here: one without does not compile. */
import { z } from 'zod';
import { UNIT_TYPES, type MatrixUnit } from '../expr/matrix-unit.ts';
import type { StagePlan } from '../tile/plan.ts';
import { PLAN_FORMAT } from './schedule.ts';

const positive = z.int().min(1);
const size = z.int().min(0);

const STEPS = {
  writtenOut: size,
  loops: z.enum(['plain', 'unrolled', 'opaque']),
  block: positive,
  ahead: positive.optional(),
} satisfies Record<keyof NonNullable<StagePlan['steps']>, z.ZodType>;

const FEED = {
  depth: positive,
  layout: z.enum(['padded', 'swizzled']),
  rows: z.enum(['registers', 'workgroup']),
  rowsPerWarp: z.union([z.literal(16), z.literal(32)]),
} satisfies Record<keyof NonNullable<StagePlan['feed']>, z.ZodType>;

const UNIT = {
  component: z.enum(UNIT_TYPES),
  result: z.enum(UNIT_TYPES),
  m: positive,
  n: positive,
  k: positive,
} satisfies Record<keyof MatrixUnit, z.ZodType>;

const PRODUCTS = {
  unit: z.strictObject(UNIT),
  sumColumns: positive,
} satisfies Record<keyof NonNullable<StagePlan['products']>, z.ZodType>;

const STAGE_PLAN = {
  arrangement: z.enum(['lane-rows', 'lane-tiles', 'subgroup-matrix', 'warp-matrix', 'warpgroup-matrix']),
  blockM: positive,
  blockN: positive,
  lanes: positive,
  rowLanes: positive.optional(),
  exchange: z.enum(['memory', 'subgroups']).optional(),
  halves: z.enum(['held', 'multiplied']).optional(),
  products: z.strictObject(PRODUCTS).optional(),
  operands: z.enum(['workgroup', 'direct', 'exchanged']),
  rowShape: z.array(positive).min(1).optional(),
  streamShape: z.array(positive).min(1).optional(),
  feed: z.strictObject(FEED).optional(),
  references: z.enum(['exact', 'lagging']).optional(),
  spare: z.literal('skipped').optional(),
  order: z.enum(['ascending', 'descending']).optional(),
  fullTiles: z.enum(['apart', 'together']),
  dataRanges: z.enum(['tested', 'stored']).optional(),
  lists: z.enum(['rows', 'queries']).optional(),
  split: positive.optional(),
  stages: positive.optional(),
  steps: z.strictObject(STEPS).optional(),
} satisfies Record<keyof StagePlan, z.ZodType>;

const FORM = {
  form: z.enum(['sequential', 'chunked', 'scan']),
  chunk: positive,
  section: positive.optional(),
  subChunk: positive.optional(),
  together: z.boolean().optional(),
  prepared: z.boolean().optional(),
};

const SCHEDULE = {
  kernel: z.string(),
  target: z.enum(['wgsl', 'cuda']),
  device: z.enum(['gpu', 'cpu']),
  arch: z.literal('sm_90a').optional(),
  subgroups: z.int().min(2).optional(),
  matrices: z.string().optional(),
  rewrite: z.boolean().optional(),
  pack: z.boolean().optional(),
  forms: z.array(z.strictObject(FORM)).optional(),
  launches: z
    .array(
      z.strictObject({
        name: z.string(),
        structure: z.string().regex(/^[0-9a-f]{16}$/),
        plan: z.strictObject(STAGE_PLAN),
      }),
    )
    .min(1),
  measured: z
    .strictObject({
      device: z.string(),
      values: z.record(z.string(), z.number()),
      median_ms: z.number().min(0),
      default_ms: z.number().min(0),
    })
    .optional(),
};

export const PLAN_FILE = z.strictObject({
  $schema: z.string().optional(),
  format: z.literal(PLAN_FORMAT),
  plans: z.array(z.strictObject(SCHEDULE)),
});

/** The examples by what they are about, in the order of the page; within a family by name. */
import type { Family } from './page.ts';

const family = (title: string, names: string): Family => ({ title, examples: names.trim().split(/\s+/) });

export const FAMILIES: readonly Family[] = [
  family(
    'Softmax attention and heads',
    `sdpa cab cross causal causal_bottom_right masked_cross gqa mqa diffqkv latent mla_absorbed mla_expanded transmla additive
    attention_map dropout_attention argmax icl_regression position_only static_qk uniform key_only nonapprox`,
  ),
  family(
    'Positions and scores',
    `rope rope_half rope_axes rope_partial alibi t5_bias t5_causal relative_bias relative_2d swin_bias xpos lrpe optional_bias softcap
    qk_norm cosine temperature loglen standardized`,
  ),
  family(
    'Gates',
    'gated_sdpa gate_positions gated_parallel tanh_gated gated_window gau gau_laplace flash_mixed moh',
  ),
  family(
    'Normalisers',
    `softmax1 sink_logit lssa lssar l1_relu relu_attn relu_squared sigmoid_attn entmax
    taylor2 norm_attn norm_attn_relu entropy`,
  ),
  family(
    'Masks',
    `sliding_window window sink_window streaming block_causal block_diag diag_attn diag_attn_relu chunked_local frame_sink video_frames frame_window ccam
    dilated dilated_heads strided fixed_summaries global longformer bigbird powerattn prefix
    prefix_document document a_shape tri_shape duplex_mask mask2former consistent kv_concat tree tree_bits adjacency adjacency_bool pine`,
  ),
  family(
    'Images and volumes',
    ` swin halo halo_zero neighborhood_2d neighborhood_3d neighborhood_dilated neighborhood_shifted natten vsa
    axial criss_cross fca outlook flatformer`,
  ),
  family(
    'Graphs, channels, pools and operators',
    `mvpa gman graph gaam lama pool_queries pma qaa linformer nystrom lsm autocorr xca landmark cca`,
  ),
  family(
    'Edits of the map',
    'diff differential softpag ptp act echoatt dense_modulation multi_value merged_blocks',
  ),
  family('Quantised', 'sage sage_int8 paro paro_metrics'),
  family(
    'Linear attention',
    `linear_attention la_raw la_norm la_elu la_relu la_identity la_silu la_exp_dim la_hedgehog la_hedgehog_fla la_taylor
    la_cosformer la_favor la_lrpe la_t2r la_dpfp la_hadamard la_based rebased lolcats lolcats_tk linfusion care lawcat lsa`,
  ),
  family(
    'Decay, gates and delta rules',
    `lightning tnl retention gla gla_ragged gla_segments sgla vig liger liger_gsa liger_hgrn2 gsa hgrn hgrn2 delta gdn kda dplr
    gated_delta_product lin_decay_fwd lin_decay_bwd`,
  ),
  family(
    'State spaces, RWKV and mixers',
    `s6 s6_complex ssd mamba2 h3 cross_scan mambattention wkv4 wkv5 wkv6 wkv7 rwkv6 rwkv7 biwkv aaren mlstm ema
    ema_bidirectional seqboat hyena baseconv short_conv ponet sgu`,
  ),
  family(
    'Selections',
    `routing hip landmark_topk flexprefill minference_vs minference_block anchor adaspa dhsa sparsifiner spt recycled nsa moba
    ssa dsa kinetics zipvl sdim fopru iared2 tabr`,
  ),
  family(
    'What the cache keeps',
    `reductions h2o a2sf snapkv tova cake d2o_merge d2o_layer_ratio icr qkscore retrieval_head`,
  ),
  family(
    'Decoding and batches',
    `decode splitk lean paged paged_decode cascade varlen ragged_padded offload tree_positions merge `,
  ),
  family('Across devices', 'ring ring_zigzag ring_striped ring_bwd allgather_cp lasp2 zeco ulysses'),
  family('Backward', 'attn_fwd attn_bwd sink_bwd gate_bwd'),
];

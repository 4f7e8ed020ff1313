export { branch, loop, parallel, plan, remote } from "./builder.js";
export { byShape } from "./by-shape.js";
export { checkSchema, type Checked } from "./check-schema.js";
export { chunks } from "./chunks.js";
export type { FilterContext } from "./context.js";
export { defineFilter } from "./define-filter.js";
export { definitionOf, type FilterDefinition } from "./filter-definition.js";
export { filtersOf } from "./filters-of.js";
export { fromValue } from "./from-value.js";
export { filtersIn, nodesOf } from "./nodes-of.js";
export type { OpaqueObject } from "./opaque-object.js";
export { serializePlan, type SerializeOptions } from "./serialize.js";
export { missingStates, requireStates } from "./states.js";
export { isStep, planNameOf, type FilterNode } from "./step-node.js";
export type {
  AnyFilter,
  AnyPlan,
  AnyStep,
  Filter,
  FilterOptions,
  FiltersOf,
  In,
  KeyOf,
  NeedsOf,
  Out,
  Plan,
  PlanStart,
  Ready,
  StatelessSpec,
  Step,
  TrainableSpec,
  YOf,
} from "./step.types.js";
export { toValue } from "./to-value.js";
export type { Arrives, Tensor, Travels } from "./travel.types.js";
export { NO_SIGNAL, signalOf, type Signal } from "./signal.js";
export { armKeyOf, nodeIdsOf, type Path } from "./tree.js";
export { targetsOf } from "./target.js";
export type { End, Leaf, LeafOp, LeafOutcome, StepResult } from "./stepper/leaf.js";
export { stepperProgram, type StepperOptions, type StepperProgram } from "./stepper/options.js";
export { valueOfSource, type Source } from "./stepper/source.js";
export type { StepperState } from "./stepper/state.js";
export { Stepper } from "./stepper/stepper.js";
export { assertPlan, checkPlan, type PlanLimits } from "./check.js";
export { cutFor, type Cut } from "./cut/cut.js";
export { parsePartId, partIdOf, type PartName } from "./cut/part-id.js";
export { subPlan, type PartValues } from "./cut/sub-plan.js";
export { planMermaid } from "./graph/plan-mermaid.js";
export { planTree } from "./graph/plan-tree.js";

// The types of filters and plans: what flows in and out of a step, under which id, and what it needs before it can run.
// `any` stands here, and only here, where a type is to match every step.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { StreamMode } from "@planwire/protocol";
import type { FilterContext } from "./context.js";
import type { Arrives, ArrivesAsItself, Travels } from "./travel.types.js";

/**
 * Anything a plan can hold. `"~types"` exists for the compiler only. In and Needs are contravariant, so that a wrong input or
 * a missing state is an assignability error that names it.
 */
export interface Step<In, Out, Key extends string, Needs, Y> {
  readonly "~types": {
    in: (x: In) => void;
    out: Out;
    key: Key;
    needs: (states: Needs) => void;
    y: (y: Y) => void;
  };
}
export type AnyStep = Step<any, any, string, any, any>;

/** What a step takes. */
export type In<T> = T extends Step<infer I, any, any, any, any> ? I : never;
/** What a step gives. */
export type Out<T> = T extends Step<any, infer O, any, any, any> ? O : never;
/** The id of a step's last node, `"#"` after a Parallel. */
export type KeyOf<T> = T extends Step<any, any, infer K, any, any> ? K : never;
/** The states a step needs before it can run, by node id; those of branch arms are optional. */
export type NeedsOf<T> = T extends Step<any, any, any, infer S, any> ? S : never;
/** The labels that fitting a step takes; unknown when it takes none. */
export type YOf<T> = T extends Step<any, any, any, any, infer Y> ? Y : never;
/** A step that can run: nothing but branch arms may still lack a state. */
export type Ready<I, O> = Step<I, O, string, {}, any>;

/** What each of several functions accepts: their parameters' intersection. (Of functions, so that an arm's own union stays whole.) */
type Common<F> = [F] extends [(x: infer A) => void] ? A : never;
type CommonIn<S> = Common<S extends AnyStep ? (x: In<S>) => void : never>;
type CommonNeeds<S> = Common<S extends AnyStep ? (states: NeedsOf<S>) => void : never>;
type CommonY<S> = Common<S extends AnyStep ? (y: YOf<S>) => void : never>;

/** A node renamed From -> To keeps its state, under the new id. */
export type RenameState<Needs, From extends string, To extends string> = string extends From
  ? Needs
  : From extends keyof Needs
    ? { [K in keyof Needs as K extends From ? To : K]: Needs[K] }
    : Needs;

export interface Filter<
  Name extends string,
  I,
  O,
  S = {},
  Y = unknown,
  P = undefined,
  Id extends string = Name,
> extends Step<I, O, Id, S, Y> {
  /** Under which workers offer it. */
  readonly name: Name;
  /** The same filter as a node with this id; its state goes by this id too. */
  as<const NewId extends string>(
    id: NewId,
  ): Filter<Name, I, O, RenameState<S, Id, NewId>, Y, P, NewId>;
  /** The same filter with these params. They are checked where the filter runs. */
  with(params: P): Filter<Name, I, O, S, Y, P, Id>;
}
export type AnyFilter = Filter<any, any, any, any, any, any, any>;

type Schema<In, Out> = StandardSchemaV1<In, Out>;

export interface FilterOptions {
  /** Goes with the name as `name@version`. */
  readonly version?: string;
  /** Where a call runs. Default: "thread". */
  readonly isolate?: "thread" | "inline" | "process";
  /** What a stream's chunks do to the state. Default: "FixedState". */
  readonly streamMode?: StreamMode;
  /** Milliseconds one call may take; then FILTER_TIMEOUT. No limit unless given. */
  readonly timeoutMs?: number;
}

/**
 * Schemas are checked where the filter runs. The filter gets what `params` and `input` parse to; the step before it, and `with`,
 * give what goes into them.
 */
interface Schemas<I, O, P, IIn, PIn> {
  readonly params?: Schema<PIn, P>;
  readonly input?: Schema<IIn, I>;
  readonly output?: Schema<unknown, O>;
}

export interface StatelessSpec<I, O, P, IIn, PIn>
  extends FilterOptions, Schemas<I, O, P, IIn, PIn> {
  forward(x: I, ctx: FilterContext<P>): O | Promise<O>;
}

export interface TrainableSpec<I, O, S, Y, P, IIn, PIn>
  extends FilterOptions, Schemas<I, O, P, IIn, PIn> {
  fit(x: I, y: Y, ctx: FilterContext<P>): S | Promise<S>;
  /** `state` is what `fit` returned, as it arrives after it travelled. */
  forward(x: I, state: Arrives<Awaited<S>>, ctx: FilterContext<P>): O | Promise<O>;
}

/** What a filter may ask for: it must be able to travel, and be the same when it arrives. */
type Takes<T> = Travels<T> & ArrivesAsItself<T>;

/** The overloads of defineFilter. */
export interface DefineFilter {
  <const N extends string, I, O, S, Y = unknown, P = undefined, IIn = I, PIn = P>(
    name: N,
    spec: TrainableSpec<I, O, S, Y, P, IIn, PIn> &
      Takes<NoInfer<IIn>> &
      Takes<NoInfer<Y>> &
      Travels<Awaited<NoInfer<O>>> &
      Travels<Awaited<NoInfer<S>>>,
  ): Filter<N, IIn, Arrives<Awaited<O>>, { [K in N]: Arrives<Awaited<S>> }, Y, PIn>;
  <const N extends string, I, O, P = undefined, IIn = I, PIn = P>(
    name: N,
    spec: StatelessSpec<I, O, P, IIn, PIn> & Takes<NoInfer<IIn>> & Travels<Awaited<NoInfer<O>>>,
  ): Filter<N, IIn, Arrives<Awaited<O>>, {}, unknown, PIn>;
  <const N extends string, I, O>(
    name: N,
    forward: ((x: I, ctx: FilterContext) => O | Promise<O>) &
      Takes<NoInfer<I>> &
      Travels<Awaited<NoInfer<O>>>,
  ): Filter<N, I, Arrives<Awaited<O>>>;
}

export interface Plan<I, O, Key extends string, Needs, Y> extends Step<I, O, Key, Needs, Y> {
  /** This plan, then `next`, which takes what this one gives. */
  pipe<O2, K2 extends string, N2, Y2>(
    next: Step<O, O2, K2, N2, Y2>,
  ): Plan<I, O2, K2, Needs & N2, Y & Y2>;
  /** Names the last node; its state goes by this id too. */
  as<const Id extends string>(id: Id): Plan<I, O, Id, RenameState<Needs, Key, Id>, Y>;
  /** Makes the plan ready with what `fit` returned. States of branch arms may be left out. */
  withStates(states: Needs): Plan<I, O, Key, {}, unknown>;
}
export type AnyPlan = Plan<any, any, any, any, any>;

/** A plan that has a name and no steps yet. */
export interface PlanStart {
  pipe<I, O, K extends string, N, Y>(first: Step<I, O, K, N, Y>): Plan<I, O, K, N, Y>;
}

export type ParallelArms = Record<string, AnyStep>;
/** A given key names the arm's last node, so its state goes by the key. */
type KeyedNeeds<A> = Common<
  {
    [K in keyof A]: (s: RenameState<NeedsOf<A[K]>, KeyOf<A[K]>, K & string>) => void;
  }[keyof A]
>;
/** Keys of arms that were given none: the last node's id, `#index` where that is a Parallel. */
type RecordOfArms<A extends readonly AnyStep[]> = {
  -readonly [
    K in keyof A as K extends `${number}`
      ? KeyOf<A[K]> extends "#"
        ? `#${K}`
        : KeyOf<A[K]>
      : never
  ]: Out<A[K]>;
};

export interface ParallelBuilder {
  <const A extends ParallelArms>(
    arms: A,
  ): Plan<
    CommonIn<A[keyof A]>,
    { -readonly [K in keyof A]: Out<A[K]> },
    "#",
    KeyedNeeds<A>,
    CommonY<A[keyof A]>
  >;
  <const A extends readonly AnyStep[]>(
    ...arms: A
  ): Plan<CommonIn<A[number]>, RecordOfArms<A>, "#", CommonNeeds<A[number]>, CommonY<A[number]>>;
}

type Label<C> = C extends boolean
  ? `${C}`
  : C extends string
    ? C
    : C extends { branch: infer B }
      ? Label<B>
      : never;
type Arm<I> = Step<I, any, string, any, any>;
type Fallback<I> = { else: Arm<I> } | { default: Arm<I> };
type Arms<C, I> = [Label<C>] extends [never]
  ? { "the condition must give a string, a boolean or { branch }": never }
  : string extends Label<C>
    ? { [label: string]: Arm<I> } & Fallback<I>
    : { [K in Label<C>]: Arm<I> } | ({ [K in Label<C>]?: Arm<I> } & Fallback<I>);
/** Arms that no label of the condition can pick. */
type Unreachable<A, C> =
  string extends Label<C>
    ? unknown
    : { [K in Exclude<keyof A, Label<C> | "default" | "else">]: never };

export interface BranchBuilder {
  <I, C, K extends string, N, Y, const A extends Arms<NoInfer<C>, NoInfer<I>>>(
    on: Filter<any, I, C, N, Y, any, K>,
    arms: A & Unreachable<NoInfer<A>, NoInfer<C>>,
  ): Plan<I, Out<A[keyof A]>, K, N & Partial<CommonNeeds<A[keyof A]>>, Y & CommonY<A[keyof A]>>;
}

/** What ends a Loop: true, "done", "stop", { done: true } or undefined. */
export type LoopValue = boolean | "done" | "stop" | { done?: boolean } | undefined;

export interface LoopBuilder {
  <const Id extends string, T extends LoopValue, N, Y>(
    id: Id,
    body: Step<T, T, string, N, Y>,
    options?: { readonly max?: number },
  ): Plan<T, T, Id, N, Y>;
}

export interface RemoteBuilder {
  <S extends AnyStep>(
    where: { readonly tag: string } | { readonly worker: string },
    step: S,
  ): Plan<In<S>, Out<S>, KeyOf<S>, NeedsOf<S>, YOf<S>>;
}

/** The filters of a module by their names, without their code. */
export type FiltersOf<M> = {
  [
    K in keyof M as M[K] extends { readonly name: infer N extends string } & AnyStep ? N : never
  ]: M[K];
};

import type {
  CoordinatorCore,
  Opened,
  CoreEvent as CoordinatorEvent,
  Effect as CoordinatorEffect,
} from "@planwire/coordinator/core";
import type { step } from "@planwire/client/core";
import type { WorkerCore } from "@planwire/worker/core";

// The three cores as their shells see them.
export type CoordinatorLike = Pick<CoordinatorCore, "start" | "step" | "state">;
export type WorkerLike = Pick<WorkerCore, "step" | "state">;
export type StepClient = typeof step;
export type CoordinatorOpened = Opened;
export type { CoordinatorEvent, CoordinatorEffect };
export type { Effect as WorkerEffect, CoreEvent as WorkerEvent } from "@planwire/worker/core";
export type { ClientEvent, Effect as ClientEffect } from "@planwire/client/core";

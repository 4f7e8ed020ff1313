/** A change that no core may ask for; it and all of its write change nothing. Said alike by every store. */
export class RefusedChange extends Error {
  static ended(what: string): RefusedChange {
    return new RefusedChange(`${what} after the execution has ended`);
  }

  static acceptNotFirst(): RefusedChange {
    return new RefusedChange("accept is not the first change of its execution");
  }

  static attemptExists(partId: string, attempt: number): RefusedChange {
    return new RefusedChange(`attempt ${attempt} of ${partId} exists already`);
  }

  static attemptNotOpen(partId: string, attempt: number): RefusedChange {
    return new RefusedChange(`attempt ${attempt} of ${partId} is not open`);
  }

  static resultExists(partId: string): RefusedChange {
    return new RefusedChange(`${partId} has a result already`);
  }
}

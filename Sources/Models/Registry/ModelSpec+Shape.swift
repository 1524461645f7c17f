extension ModelSpec {
  /// The network as names and shapes alone, which take no memory.
  ///
  /// - Throws: `SettingsError` when the spec is out of range or leaves `classes` open.
  package func shape() throws -> any Model { try buildWithoutValues() }
}

// The schemas of the API, by the names that the console's scripts use. `openapi` is generated from the API's own document.

import type { components } from 'openapi';

declare global {
  interface Window {
    shaka: any;
  }

  namespace Api {
    type Schemas = components['schemas'];
    /** An uploaded file, and its verdict. */
    type Content = Schemas['Content'] | UnreadableContent;
    type UnreadableContent = Schemas['UnreadableContent'] & { status: 'Unreadable' };
    type ContentList = { input_content: Content[]; next_cursor: string | null };
    type Package = Schemas['Package'] | UnreadablePackage;
    type UnreadablePackage = Schemas['UnreadablePackage'] & { status: 'Unreadable' };
    type PackageList = { packaged_content: Package[]; next_cursor: string | null };
    type PackageRequest = Schemas['PackageRequest'];
    type PlaybackToken = Schemas['PlaybackToken'];
    type Upload = Schemas['Upload'];
    type CompletedUpload = Schemas['CompletedUpload'];
  }
}

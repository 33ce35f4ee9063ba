// Photos are made small before they are kept: 1600 pixels and 400 KiB are enough
// to see, and what the camera wrote beside the picture (place, time) stays behind.

export const longestSide = 1600
export const largestBytes = 400 * 1024

/** Width and height that fit. */
export function fit(width: number, height: number, longest = longestSide): [number, number] {
  const scale = Math.min(1, longest / Math.max(width, height))
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))]
}

export async function shrink(file: Blob): Promise<Blob> {
  const picture = await decode(file)
  let longest = longestSide
  for (;;) {
    const [width, height] = fit(picture.width, picture.height, longest)
    const canvas = document.createElement('canvas')
    canvas.width = width
    canvas.height = height
    const pen = canvas.getContext('2d')
    if (!pen) throw new Error('no canvas')
    pen.drawImage(picture, 0, 0, width, height)
    for (const quality of [0.8, 0.65, 0.5]) {
      const blob = await toJPEG(canvas, quality)
      if (blob.size <= largestBytes) return blob
    }
    if (longest <= 400) throw new Error('too large')
    longest = Math.round(longest * 0.75)
  }
}

function toJPEG(canvas: HTMLCanvasElement, quality: number): Promise<Blob> {
  return new Promise((done, fail) => canvas.toBlob((b) => (b ? done(b) : fail(new Error('no picture'))), 'image/jpeg', quality))
}

/** The picture upright; old browsers take the way over an image element. */
async function decode(file: Blob): Promise<ImageBitmap | HTMLImageElement> {
  if (typeof createImageBitmap === 'function') {
    try {
      return await createImageBitmap(file, { imageOrientation: 'from-image' })
    } catch {
      // Some decode only what an image element shows.
    }
  }
  const image = new Image()
  await new Promise<void>((done, fail) => {
    image.onload = () => done()
    image.onerror = () => fail(new Error('no picture'))
    const reader = new FileReader()
    reader.onload = () => { image.src = String(reader.result) }
    reader.onerror = () => fail(new Error('not read'))
    reader.readAsDataURL(file)
  })
  return image
}

/** ArrayBuffers are what every phone's database can keep. */
export function bytes(blob: Blob): Promise<ArrayBuffer> {
  return new Promise((done, fail) => {
    const reader = new FileReader()
    reader.onload = () => done(reader.result as ArrayBuffer)
    reader.onerror = () => fail(reader.error ?? new Error('not read'))
    reader.readAsArrayBuffer(blob)
  })
}

interface Detector { detect(picture: ImageBitmapSource): Promise<{ rawValue: string }[]> }

/** Whether the browser reads QR codes by itself. */
export async function readsCodes(): Promise<boolean> {
  const Codes = (globalThis as { BarcodeDetector?: { getSupportedFormats(): Promise<string[]> } }).BarcodeDetector
  try {
    return Codes !== undefined && (await Codes.getSupportedFormats()).includes('qr_code')
  } catch {
    return false
  }
}

/** The text of the QR code on the photo, null when there is none. */
export async function codeOn(file: Blob): Promise<string | null> {
  const Codes = (globalThis as unknown as { BarcodeDetector: new (o: { formats: string[] }) => Detector }).BarcodeDetector
  const found = await new Codes({ formats: ['qr_code'] }).detect(await createImageBitmap(file))
  return found[0]?.rawValue ?? null
}

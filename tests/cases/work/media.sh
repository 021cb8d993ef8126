# Images, documents, sound.
#
# packages: netpbm libjpeg-turbo-progs libtiff-tools giflib-tools webp optipng pngcrush pngquant libpng-tools exiv2
#   jhead imagemagick graphicsmagick ghostscript poppler-utils qpdf mupdf-tools librsvg2-bin graphviz gnuplot-nox
#   sox flac vorbis-tools opus-tools lame mpg123 ffmpeg wavpack sndfile-programs speex fontconfig fonts-dejavu-core
#   libgdk-pixbuf2.0-bin libwmf-bin potrace pstoedit psutils djvulibre-bin libjxl-tools libavif-bin libheif-examples
#   jpegoptim gifsicle advancecomp timidity espeak-ng mkvtoolnix mp3splt id3v2 cuetools shntool normalize-audio
#   dcraw libraw-bin hdf5-tools netcdf-bin libwoff1 woff2 ttfautohint pdf2svg unpaper gocr ocrad jbig2dec icoutils
# SPDX-License-Identifier: Apache-2.0

## 1
jpegtopnm --version 2>/dev/null
pbmmake -checkerboard 16 16 >c.pbm
pgmmake 0.5 24 16 >g.pgm
ppmmake red 24 16 >p.ppm
pgmnoise 24 16 >n.pgm
pgmramp -lr 24 16 >r.pgm
ppmpat -gingham2 24 16 >pat.ppm
ppmrainbow -width 24 -height 16 red blue >rb.ppm
pamgradient black red blue white 24 16 >gr.pam
pamseq 3 4 >s.pam
pbmtext hi >t.pbm
pgmcrater -width 24 -height 16 >cr.pgm
ppmcie >cie.ppm
ppmforge -width 24 -height 16 >fo.ppm
ppmcolors >cl.ppm
pbmpage >pg.pbm
pamstereogram c.pbm >st.pbm || true
pbmupc 0 72890 00011 >upc.pbm
ppmtoppm <pat.ppm | pnmtopnm >q.ppm
pnmcat -lr p.ppm pat.ppm >cat.ppm
pamcat -topbottom p.ppm pat.ppm >cat2.ppm || true
pamfile p.ppm
pnmfile *.p?m >/dev/null || true
pnmmontage p.ppm pat.ppm >mo.ppm
pamundice 2>/dev/null || true
ppmlabel -x 1 -y 9 -text a pat.ppm >la.ppm
pnmindex *.ppm >ix.ppm 2>/dev/null || true
pbmtextps hi >tp.pbm 2>/dev/null || true
for t in pbmtoascii pbmtoatk pbmtobbnbg pbmtocis pbmtocmuwm pbmtodjvurle pbmtoepsi pbmtoepson pbmtoescp2 pbmtog3 pbmtogem pbmtogo pbmtoibm23xx pbmtoicon pbmtolj pbmtoln03 pbmtolps pbmtomacp pbmtomatrixorbital pbmtomda pbmtomgr pbmtomrf pbmtonokia pbmtopgm pbmtopi3 pbmtopk pbmtoplot pbmtoppa pbmtopsg3 pbmtoptx pbmtosunicon pbmtowbmp pbmtox10bm pbmtoxbm pbmtoybm pbmtozinc pbmto10x pbmto4425 pbmclean pbmlife pbmmask pbmminkowski pbmpscale pbmreduce; do timeout 5 $t c.pbm >o.$t 2>/dev/null || timeout 5 $t 2 c.pbm >o.$t 2>/dev/null || true; done
for t in asciitopgm atktopbm brushtopbm cistopbm cmuwmtopbm g3topbm gemtopnm icontopbm infotopam macptopbm mdatopbm mgrtopbm mrftopbm pi3topbm pktopbm sunicontopnm wbmptopbm xbmtopbm ybmtopbm escp2topbm; do
  s=o.pbmto${t%topbm}
  timeout 5 $t <"$s" >back.$t 2>/dev/null || timeout 5 $t 16 16 <a.txt >back.$t 2>/dev/null || true
done

## 2
for t in ppm3d ppmbrighten ppmchange ppmcolormask ppmdcfont ppmddumpfont ppmdim ppmdist ppmdither ppmdraw ppmflash ppmglobe ppmhist ppmmix ppmnorm ppmntsc ppmquant ppmrelief ppmrough ppmshadow ppmshift ppmspread ppmtoacad ppmtoapplevol ppmtoarbtxt ppmtoascii ppmtobmp ppmtoeyuv ppmtogif ppmtoicr ppmtoilbm ppmtojpeg ppmtoleaf ppmtolj ppmtolss16 ppmtomap ppmtomitsu ppmtompeg ppmtoneo ppmtopcx ppmtopgm ppmtopi1 ppmtopict ppmtopj ppmtopjxl ppmtopuzz ppmtorgb3 ppmtosixel ppmtosvgalib ppmtoterm ppmtotga ppmtouil ppmtowinicon ppmtoxpm ppmtoyuv ppmtoyuvsplit ppmtv pgmabel pgmbentley pgmdeshadow pgmedge pgmenhance pgmhist pgmkernel pgmmedian pgmminkowski pgmmorphconv pgmoil pgmslice pgmtexture pgmtofs pgmtolispm pgmtopbm pgmtopgm pgmtoppm pgmtosbig pgmtost4 pgmtoybm; do
  f=pat.ppm
  case $t in pgm*) f=n.pgm ;; esac
  for a in '' 2 50 '-map=/dev/null' red; do timeout 5 $t $a $f >o.$t 2>/dev/null && break; done || true
done

## 3
for t in pamaddrand pamaltsat pamarith pambackground pambayer pambrighten pamchannel pamcomp pamcrater pamcut pamdeinterlace pamdepth pamdice pamditherbw pamedge pamendian pamenlarge pamexec pamfix pamfixtrunc pamflip pamfunc pamhomography pamhue pamlevels pamlookup pammasksharpen pammixinterlace pammixmulti pammosaicknit pamoil pampaintspill pamperspective pampick pampop9 pamrecolor pamrestack pamrgbatopng pamrubber pamscale pamshadedrelief pamshuffle pamsistoaglyph pamslice pamsplit pamstack pamstereogram pamstretch pamstretch-gen pamsumm pamsummcol pamtable pamthreshold pamtilt pamtoavs pamtodjvurle pamtofits pamtogif pamtohdiff pamtohtmltbl pamtojpeg2k pamtompfont pamtooctaveimg pamtopam pamtopdbimg pamtopfm pamtopng pamtopnm pamtosrf pamtosvg pamtotga pamtotiff pamtouil pamtowinicon pamtoxvmini pamtris pamunlookup pamvalidate pamwipeout pamx pamxvmini; do for a in '' '-lr' '0.5' '2' '-xscale 2' '-sum' 'cat'; do timeout 5 $t $a pat.ppm >o.$t 2>/dev/null && break; done || true; done

## 4
for t in pnmalias pnmcolormap pnmconvol pnmcrop pnmcut pnmdepth pnmenlarge pnmflip pnmgamma pnmhisteq pnmhistmap pnminterp pnminvert pnmmercator pnmnlfilt pnmnoraw pnmnorm pnmpad pnmpaste pnmpsnr pnmquant pnmquantall pnmremap pnmrotate pnmscale pnmscalefixed pnmshear pnmsmooth pnmsplit pnmstitch pnmtile pnmtoddif pnmtofiasco pnmtofits pnmtojbig pnmtojpeg pnmtopalm pnmtopclxl pnmtoplainpnm pnmtopng pnmtops pnmtorast pnmtorle pnmtosgi pnmtosir pnmtotiff pnmtotiffcmyk pnmtoxwd; do for a in '' '-lr' '2' '30' '1.8' 'c.pbm' '8'; do timeout 5 $t $a pat.ppm >o.$t 2>/dev/null && break; done || true; done

## 5
for t in bmptopnm giftopnm ilbmtoppm jpegtopnm leaftoppm pcxtoppm picttoppm pjtoppm pngtopam pngtopnm rasttopnm rletopnm sgitopnm sirtopnm tgatoppm tifftopnm xpmtoppm xwdtopnm yuvtoppm palmtopnm fitstopnm fiascotopnm jbigtopnm pfmtopam winicontopam winicontoppm neotoppm mtvtoppm lispmtopgm fstopgm psidtopgm qrttoppm rawtopgm rawtoppm sbigtopgm spctoppm sputoppm st4topgm tobmp ximtoppm xvminitoppm zeisstopnm 411toppm avstopam bioradtopgm cameratopam ddbugtopbm eyuvtoppm gouldtoppm hdifftopam hipstopgm hpcdtoppm imgtoppm jpeg2ktopam pc1toppm pdbimgtopam pi1toppm rgb3toppm rlatopam srftopam svgtopam thinkjettopbm pstopnm; do
  b=${t%topnm}
  b=${b%toppm}
  b=${b%topam}
  for s in o.*to"$b"; do timeout 5 $t "$s" >back.$t 2>/dev/null || timeout 5 $t 24 16 <p.ppm >back.$t 2>/dev/null || true; done
done

## 6
cjpeg -quality 80 -optimize rb.ppm >a.jpg
djpeg a.jpg >a.ppm
jpegtran -rotate 90 a.jpg >b.jpg
rdjpgcom a.jpg
wrjpgcom -comment x a.jpg >c.jpg
exifautotran a.jpg || true
tjbench rb.ppm 90 -benchtime 0.1 -warmup 0 >/dev/null || true
pnmtopng rb.ppm >a.png
pnmtotiff rb.ppm >a.tif 2>/dev/null || true
tiffinfo a.tif
tiffcp -c lzw a.tif b.tif
tiffdump a.tif
tiffcmp a.tif a.tif
tiff2pdf a.tif -o t.pdf
tiff2ps a.tif >t.ps
tiffset -s 305 x b.tif
tiffsplit a.tif
tiffdither a.tif d.tif || true
tiffmedian a.tif m.tif || true
tiff2bw a.tif bw.tif || true
tiff2rgba a.tif rg.tif
tiffcrop -R 90 a.tif cr.tif
raw2tiff -w 8 -l 8 big.txt raw.tif || true
fax2tiff a.txt -o fx.tif 2>/dev/null || true
fax2ps a.tif >/dev/null 2>&1 || true
pal2rgb a.tif pl.tif 2>/dev/null || true
ppm2tiff rb.ppm pp.tif
thumbnail a.tif th.tif || true
pamtogif rb.ppm >a.gif || ppmtogif rb.ppm >a.gif 2>/dev/null || true
giftext a.gif >/dev/null
gifbuild -d a.gif >g.txt
gifbuild g.txt >g2.gif || true
giftool -f <a.gif >/dev/null || true
gifclrmp a.gif >/dev/null || true
giffix a.gif >gf.gif || true
gif2rgb -o rgb a.gif || true
gifcolor >/dev/null || true
gifecho -t x >ge.gif || true
gifhisto -t a.gif || true
gifwedge >gw.gif || true
gifsicle --info a.gif
gifsicle -O3 a.gif >o.gif
cwebp -quiet a.png -o a.webp
dwebp -quiet a.webp -o w.png
webpinfo a.webp >/dev/null
gif2webp -quiet a.gif -o gw.webp || true
webpmux -info a.webp
img2webp -o an.webp a.png || true
get_disto a.png w.png || true
anim_dump a.webp 2>/dev/null || true
anim_diff an.webp an.webp || true
vwebp -version 2>/dev/null || true
optipng -q -o1 a.png
pngcrush -q a.png pc.png
pngquant --force -o pq.png 8 a.png
pngfix -q a.png || true
png-fix-itxt <a.png >pi.png
exiv2 -pa a.jpg || true
exiv2 -M'set Exif.Image.Artist x' a.jpg
jhead a.jpg
jpegoptim -q -m 70 b.jpg
advpng -q -z -1 a.png
advmng -l x 2>/dev/null || true
potrace -s c.pbm -o c.svg
mkbitmap n.pgm -o mk.pbm
cjxl a.png a.jxl >/dev/null 2>&1
djxl a.jxl jx.png >/dev/null 2>&1
jxlinfo a.jxl
avifenc -s 10 a.png a.avif >/dev/null
avifdec a.avif av.png >/dev/null
opj_compress -i rb.ppm -o a.j2k >/dev/null
opj_decompress -i a.j2k -o oj.ppm >/dev/null
opj_dump -i a.j2k >/dev/null
gocr c.pbm >/dev/null 2>&1 || true
ocrad t.pbm
unpaper --overwrite n.pgm u.pgm >/dev/null 2>&1 || true
dcraw -i a.jpg 2>/dev/null || true
icotool -c -o a.ico a.png
icotool -l a.ico
wrestool -l /bin/ls 2>/dev/null || true
extresso --version >/dev/null || true
jbig2dec --version
gdk-pixbuf-csource a.png >/dev/null
gdk-pixbuf-pixdata a.png px 2>/dev/null || true
gdk-pixbuf-thumbnailer -s 8 a.png tn.png
rsvg-convert c.svg -o rs.png
vips invert a.png vi.png || true
vipsheader a.png
vipsthumbnail a.png || true
wmf2svg x 2>/dev/null || true
heif-info a.avif >/dev/null 2>&1 || true
heif-convert a.avif hc.png >/dev/null 2>&1 || true

## 7
convert a.png -resize 50% -blur 1 im.jpg
identify -verbose a.png >/dev/null
mogrify -flip im.jpg
montage a.png a.png mt.png
compare a.png a.png cm.png || true
composite a.png a.png cp.png
stream -map rgb a.png st.dat || true
import -version >/dev/null
conjure --version >/dev/null || true
gm convert a.png gm.gif
gm identify a.png
printf '%%!PS\n/Times findfont 12 scalefont setfont 9 9 moveto (hi) show showpage\n' >a.ps
gs -q -dBATCH -dNOPAUSE -sDEVICE=pdfwrite -sOutputFile=a.pdf a.ps
gs -q -dBATCH -dNOPAUSE -sDEVICE=png16m -r30 -sOutputFile=gs.png a.pdf
ps2pdf a.ps b.pdf
pdfinfo a.pdf
pdftotext a.pdf -
pdftoppm -r 20 a.pdf pp
pdftocairo -svg a.pdf pc.svg
pdfseparate a.pdf s%d.pdf
pdfunite a.pdf b.pdf u.pdf
pdffonts a.pdf
pdfimages -list a.pdf
pdftops a.pdf p2.ps
pdftohtml -q -stdout a.pdf
pdfdetach -list a.pdf
pdfattach a.pdf a.txt at.pdf
pdfsig a.pdf || true
qpdf --linearize a.pdf ql.pdf
qpdf --check a.pdf
zlib-flate -compress <a.txt | zlib-flate -uncompress
fix-qdf <a.pdf >/dev/null 2>&1 || true
mutool draw -r 20 -o mu.png a.pdf 2>/dev/null
mutool info a.pdf >/dev/null
mutool clean a.pdf mc.pdf
pdf2svg a.pdf p2.svg
psselect 1 a.ps >ss.ps 2>/dev/null
psnup -2 a.ps >nu.ps 2>/dev/null || true
psbook <a.ps >bk.ps 2>/dev/null || true
pstops 1:0 a.ps >pt.ps 2>/dev/null || true
epsffit 0 0 9 9 <a.ps >ef.ps || true
psresize a.ps >re.ps 2>/dev/null || true
pstoedit -f svg a.ps pe.svg >/dev/null 2>&1 || true
printf 'digraph { a -> b; b -> c }' >g.dot
for t in dot neato twopi circo fdp sfdp patchwork osage; do $t -Tsvg g.dot >g.$t; done
dot -Tpng g.dot >g.png
gc g.dot
tred g.dot
acyclic g.dot || true
ccomps g.dot || true
gvcolor g.dot
unflatten g.dot
gvpr 'N {print($.name)}' g.dot
nop g.dot
sccmap g.dot
bcomps g.dot
dijkstra a g.dot
gvgen -c 5 >gg.dot
gml2gv </dev/null || true
gv2gml g.dot
graphml2gv </dev/null || true
gv2gxl g.dot
gxl2gv </dev/null || true
mm2gv </dev/null || true
gvpack g.dot g.dot 2>/dev/null
gvmap g.dot || true
cluster g.dot || true
edgepaint g.dot || true
mingle g.dot || true
prune g.dot
diffimg g.png g.png || true
gvedit 2>/dev/null || true
gnuplot -e 'set term png; set output "gp.png"; plot sin(x)'
gnuplot -e 'set term dumb; plot "big.txt" using 2; !true' >/dev/null
fc-list | tail -n 1
fc-match -v sans >/dev/null
fc-cache -f .
fc-query /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf >/dev/null
fc-scan /usr/share/fonts | tail -n 1
fc-pattern sans
fc-conflist | tail -n 1
fc-validate -l en /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf || true
fc-cat >/dev/null || true
woff2_compress /dev/null 2>/dev/null || true
cp /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf f.ttf
woff2_compress f.ttf >/dev/null 2>&1
woff2_info f.woff2
woff2_decompress f.woff2
ttfautohint f.ttf th.ttf
ddjvu --help >/dev/null 2>&1 || true
cjb2 c.pbm c.djvu
ddjvu -format=ppm c.djvu dj.ppm
djvudump c.djvu
djvused -e ls c.djvu
djvups c.djvu dj.ps
djvutxt c.djvu
djvm -c dm.djvu c.djvu
cpaldjvu rb.ppm cp.djvu
c44 rb.ppm c4.djvu
bzz -e a.txt bz
bzz -d bz bo
djvuextract c.djvu Sjbz=sj
djvumake mk.djvu Sjbz=sj INFO=16,16 || true
djvutoxml c.djvu >/dev/null
djvuxmlparser /dev/null 2>/dev/null || true
csepdjvu /dev/null x 2>/dev/null || true
djvmcvt -i dm.djvu . ix.djvu
djvuserve </dev/null || true

## 8
sox -n -r 8000 -c 1 a.wav synth 0.5 sine 440
sox a.wav b.wav reverb trim 0 0.2
soxi a.wav
flac -s -f a.wav
flac -s -t a.flac
flac -s -f -d a.flac -o fd.wav
metaflac --list a.flac >/dev/null
metaflac --set-tag=A=b a.flac
oggenc -Q a.wav -o a.ogg
ogginfo a.ogg
oggdec -Q a.ogg -o od.wav
vorbiscomment -l a.ogg
vcut a.ogg v1 v2 1000 || true
ogg123 -q -d null a.ogg || true
opusenc --quiet a.wav a.opus
opusdec --quiet a.opus od2.wav
opusinfo a.opus
lame --quiet a.wav a.mp3
mpg123 -q -w m.wav a.mp3
mpg123-id3dump a.mp3 || true
mpg123-strip <a.mp3 >ms.mp3 || true
out123 --version >/dev/null || true
id3v2 -a x a.mp3
id3v2 -l a.mp3
wavpack -q a.wav -o a.wv
wvunpack -q a.wv -o wu.wav
wvgain -q a.wv
wvtag -l a.wv
sndfile-info a.wav >/dev/null
sndfile-convert a.wav sc.aiff
sndfile-cmp a.wav a.wav
sndfile-metadata-get --all a.wav || true
sndfile-metadata-set --str-title x a.wav || true
sndfile-concat a.wav a.wav cc.wav
sndfile-deinterleave a.wav || true
sndfile-interleave a.wav a.wav -o il.wav || true
sndfile-play a.wav 2>/dev/null || true
sndfile-salvage a.wav sv.wav || true
speexenc a.wav a.spx >/dev/null 2>&1
speexdec a.spx sd.wav >/dev/null 2>&1
normalize-audio -q a.wav
shntool len a.wav
mp3splt -q a.mp3 0.0 0.1 >/dev/null 2>&1 || true
cuebreakpoints /dev/null || true
cueconvert /dev/null 2>/dev/null || true
ffmpeg -v error -nostdin -f lavfi -i testsrc=d=0.4:s=64x64 -c:v mpeg4 t.avi
ffmpeg -v error -nostdin -i t.avi -c:v libx264 -threads 2 t.mp4
ffprobe -v error -show_format t.mp4 >/dev/null
ffmpeg -v error -nostdin -i a.wav -c:a aac t.m4a
qt-faststart t.mp4 t2.mp4 >/dev/null 2>&1 || true
mkvmerge -q -o t.mkv t.mp4
mkvinfo t.mkv >/dev/null
mkvextract -q t.mkv tracks 0:t.h264
mkvpropedit -q t.mkv -e info -s title=x
MP4Box -quiet -info t.mp4 >/dev/null 2>&1 || true
timidity --version >/dev/null
espeak-ng -w es.wav hi
espeak-ng -q -x hi
h5dump --version
h5ls --version
h5stat --version
printf '1 2\n3 4\n' >h.txt
h5import h.txt -d 2,2 -o h.h5 || true
h5dump h.h5
h5ls h.h5
h5stat h.h5 >/dev/null
h5copy -i h.h5 -o h2.h5 -s /dataset0 -d /d || true
h5diff h.h5 h.h5
h5repack h.h5 h3.h5
h5debug h.h5 >/dev/null
h5jam -i h.h5 -u a.txt -o hj.h5 || true
h5unjam -i hj.h5 -o hu.h5 --delete || true
h5mkgrp h.h5 g
h5repart h.h5 hp || true
h5perf_serial -X 16k -e 64k >/dev/null || true
h5watch --version || true
gif2h5 a.gif g.h5 2>/dev/null || true
h52gif 2>/dev/null || true
printf 'netcdf a { dimensions: x = 2; variables: int v(x); data: v = 1, 2; }' >n.cdl
ncgen -o n.nc n.cdl
ncdump n.nc
nccopy n.nc n2.nc
ncgen3 -o n3.nc n.cdl
nc-config --all >/dev/null || true
ocprint 2>/dev/null || true
